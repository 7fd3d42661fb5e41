"""A prefix search: ids that begin with a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, true

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def begins_with(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """The condition that an id begins with `prefix`: one range of an index in code point order. '' matches every id."""
    # Not LIKE: it treats % and _ as wildcards and, on SQLite, ignores case.
    beyond = _beyond(prefix)
    return and_(column >= prefix if prefix else true(), true() if beyond is None else column < beyond)


def _beyond(prefix: str) -> str | None:
    """The first text after all that begin with `prefix`, or None if nothing comes after them."""
    stem = prefix.rstrip(chr(_LAST))
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
