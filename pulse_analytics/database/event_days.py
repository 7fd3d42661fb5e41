"""The day that a raw event counts for, in SQL: the same as `events.count_day` in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Date, Integer, case, cast, extract, func, literal_column, select, type_coerce

from pulse_analytics.database.models import video_events
from pulse_analytics.events import EARLIEST_MS, EVENT_TYPES, LATEST_MS

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import ColumnElement, Dialect, Select

_DAY_MS = 86_400_000


def day_of(dialect: Dialect) -> ColumnElement[date]:
    """The UTC day of a row of `video_events`. Integer arithmetic makes it exact in any session time zone."""
    ts = video_events.c.ts
    received_at = _sqlite_ms() if dialect.name == "sqlite" else _postgresql_ms()
    believable = ts.between(received_at - EARLIEST_MS, received_at + LATEST_MS)
    days = case((believable, ts), else_=received_at) // _DAY_MS
    if dialect.name == "sqlite":
        return type_coerce(func.date(days * 86_400, "unixepoch"), Date)
    return type_coerce(literal_column("DATE '1970-01-01'") + cast(days, Integer), Date)


def counts_of_rows(dialect: Dialect, rows: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    """The number of raw events among these rows: video_id, day, then one for each of COUNT_COLUMNS."""
    events = select(video_events.c.video_id, video_events.c.event, day_of(dialect).label("day"))
    each = events.where(rows).subquery()
    counts = (func.count().filter(each.c.event == name).label(kind.count_column) for name, kind in EVENT_TYPES.items())
    return select(each.c.video_id, each.c.day, *counts).group_by(each.c.video_id, each.c.day)


def _postgresql_ms() -> ColumnElement[int]:
    return cast(func.floor(extract("epoch", video_events.c.received_at) * 1000), BigInteger)


def _sqlite_ms() -> ColumnElement[int]:
    # `received_at` is the text YYYY-MM-DD HH:MM:SS.ffffff. Its fraction is cut off and added again, to round nothing.
    text: ColumnElement[Any] = type_coerce(video_events.c.received_at, BigInteger)
    seconds = cast(func.strftime("%s", func.substr(text, 1, 19)), BigInteger)
    return seconds * 1000 + cast(func.substr(text, 21, 3), BigInteger)
