"""Queries over the aggregates, never over raw events. Each raises TryAgain if the database does not answer."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import BigInteger, and_, cast, func, select

from pulse_analytics.database import reading
from pulse_analytics.database.models import daily_totals, video_metrics, video_metrics_daily

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement, Connection

    from pulse_analytics.reports.days import Days

RANK_LIMIT = 10_000
"""Ranks beyond this are reported as None, because finding a rank means counting every video ahead of it."""
_CHUNK = 500
"""Ids per statement. Chosen, not measured."""


class Video(NamedTuple):
    """The counts of a video."""

    all_time_count: int
    rank: int | None
    """Among all videos, of all time; None beyond RANK_LIMIT."""
    first: date
    last: date
    """The first and the last day on which it was counted."""
    days: dict[date, int]
    """Its counts in the requested range; a day without any is absent."""


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A connection whose statements all see one snapshot of the database."""
    with reading() as connection:
        # SQLite's transactions are snapshots by default.
        postgresql = connection.dialect.name == "postgresql"
        yield connection.execution_options(isolation_level="REPEATABLE READ") if postgresql else connection


def counts_of(video_ids: Sequence[str]) -> dict[str, int]:
    """The counts of these videos; one that was never watched is absent."""
    columns = video_metrics.c
    counts: dict[str, int] = {}
    with reading() as connection:
        for start in range(0, len(video_ids), _CHUNK):
            chunk = video_ids[start : start + _CHUNK]
            query = select(columns.video_id, columns.watched_50_count).where(columns.video_id.in_(chunk))
            counts.update((video_id, count) for video_id, count in connection.execute(query))
    return counts


def series(days: Days) -> tuple[Days, dict[date, int]]:
    """The count of all videos by day, and the days covered: an open end is closed where the data ends."""
    columns = daily_totals.c
    counted = columns.watched_50_count > 0
    with snapshot() as connection:
        first, last = connection.execute(select(func.min(columns.day), func.max(columns.day)).where(counted)).one()
        rows = connection.execute(select(columns.day, columns.watched_50_count).where(days.holds(columns.day), counted))
        counts = dict(rows.all())
    return days.within(first, last) if first else days, counts


def find_video(video_id: str, days: Days) -> Video | None:
    """A video's counts, by day for these days; None if it was never watched."""
    columns = video_metrics.c
    with snapshot() as connection:
        count = columns.watched_50_count
        all_time_count = connection.scalar(select(count).where(columns.video_id == video_id, count > 0))
        if all_time_count is None:
            return None
        daily = video_metrics_daily.c
        its = (daily.video_id == video_id, daily.watched_50_count > 0)
        first, last = connection.execute(select(func.min(daily.day), func.max(daily.day)).where(*its)).one()
        rows = connection.execute(select(daily.day, daily.watched_50_count).where(*its, days.holds(daily.day)))
        counts = dict(rows.all())
        return Video(all_time_count, _rank(connection, all_time_count, video_id), first, last, counts)


def sum_of(connection: Connection, days: Days) -> int:
    """The count of all videos on these days."""
    columns = daily_totals.c
    return connection.scalars(select(added_up(columns.watched_50_count)).where(days.holds(columns.day))).one()


def sums_by_video(connection: Connection, video_ids: Sequence[str], days: Days) -> dict[str, int]:
    """The counts of these videos on these days; a video without any is absent."""
    columns = video_metrics_daily.c
    sums: dict[str, int] = {}
    for start in range(0, len(video_ids), _CHUNK):
        its = columns.video_id.in_(video_ids[start : start + _CHUNK])
        query = select(columns.video_id, added_up(columns.watched_50_count)).where(its, days.holds(columns.day))
        sums.update((video_id, count) for video_id, count in connection.execute(query.group_by(columns.video_id)))
    return sums


def days_by_video(connection: Connection, video_ids: Sequence[str], days: Days) -> dict[str, list[int]]:
    """Each video's count on each of these days; the range must have both ends."""
    columns = video_metrics_daily.c
    numbers = {day: number for number, day in enumerate(days.each())}
    counts = {video_id: [0] * len(numbers) for video_id in video_ids}
    for start in range(0, len(video_ids), _CHUNK):
        its = columns.video_id.in_(video_ids[start : start + _CHUNK])
        query = select(columns.video_id, columns.day, columns.watched_50_count).where(its, days.holds(columns.day))
        for video_id, day, count in connection.execute(query):
            counts[video_id][numbers[day]] = count
    return counts


def added_up(column: ColumnElement[int]) -> ColumnElement[int]:
    """The sum of a counter as an integer; PostgreSQL would return a Decimal."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _rank(connection: Connection, all_time_count: int, video_id: str) -> int | None:
    columns = video_metrics.c
    higher = columns.watched_50_count > all_time_count
    tied = and_(columns.watched_50_count == all_time_count, columns.video_id < video_id)
    ahead = 0
    # One query per condition: each is a single range of the ranking's index; combined with OR they would not be.
    for condition in (higher, tied):
        some = select(columns.video_id).where(condition).limit(RANK_LIMIT).subquery()
        ahead += connection.scalar(select(func.count()).select_from(some)) or 0
    return ahead + 1 if ahead < RANK_LIMIT else None
