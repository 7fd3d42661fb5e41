"""A slice of a table, in the order of a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, select, true

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement, Connection


class Slice(NamedTuple):
    """Rows of a table that follow each other in the order of a key."""

    condition: ColumnElement[bool]
    """The WHERE condition that selects them."""
    last: str | None
    """The last key of the slice; None: no rows follow it."""


def slice_after(connection: Connection, key: Column[str], after: str | None, size: int) -> Slice:
    """The slice of `size` rows that begins after the key `after` (None: at the first row).

    Rows with the same key are in the same slice, which may make it longer.
    """
    begin = true() if after is None else key > after
    last = connection.scalar(select(key).where(begin).order_by(key).offset(size - 1).limit(1))
    return Slice(begin if last is None else and_(begin, key <= last), last)
