"""A page of a table, in the order of a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, select, true

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement, Connection


class Page(NamedTuple):
    """Some `size` rows of a table."""

    rows: ColumnElement[bool]
    """The condition that chooses them."""
    last: Any
    """The page's last key; None: it is the last page."""


def page_after(connection: Connection, key: Column[Any], after: Any, size: int) -> Page:
    """The page of `size` rows that begins after the key `after` (None: at the first).

    Rows with the same key are on one page, which then may be longer.
    """
    begin = true() if after is None else key > after
    last = connection.scalar(select(key).where(begin).order_by(key).offset(size - 1).limit(1))
    return Page(begin if last is None else and_(begin, key <= last), last)
