"""Queries over the aggregates, never over raw events. Each raises TryAgain if the database does not answer."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import BigInteger, and_, cast, func, select, true

from pulse_analytics.catalogue.storage import entries_of
from pulse_analytics.config import current_settings
from pulse_analytics.database import reading
from pulse_analytics.database.models import daily_totals, video_metrics, video_metrics_daily
from pulse_analytics.events import DEFAULT_EVENT
from pulse_analytics.reports.counts import any_of, counter, counters, indexed, named, reported_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement, Connection, Table

    from pulse_analytics.catalogue.entries import Entry
    from pulse_analytics.reports.counts import Counts
    from pulse_analytics.reports.days import Days

RANK_LIMIT = 10_000
"""Ranks beyond this are reported as None, because finding a rank means counting every video ahead of it."""
_CHUNK = 500
"""Ids per statement. Chosen, not measured."""


class Ends(NamedTuple):
    """The first and the last day with a count; None: there is none."""

    first: date | None
    last: date | None


class Series(NamedTuple):
    """Counts by day."""

    ends: dict[str, Ends]
    """Of each event type, of all time."""
    days: dict[date, Counts]
    """In the requested range; a day without any count is absent."""

    def sums(self) -> Counts:
        """The counts in the requested range."""
        return {event: sum(counts[event] for counts in self.days.values()) for event in self.ends}

    def covered(self, days: Days) -> Days:
        """`days`, with an open end closed where the counts of all time end."""
        firsts = [ends.first for ends in self.ends.values() if ends.first]
        lasts = [ends.last for ends in self.ends.values() if ends.last]
        return days.within(min(firsts), max(lasts)) if firsts else days


class Video(NamedTuple):
    """The counts of a video."""

    all_time: Counts
    rank: int | None
    """Among all videos, of all time; None beyond RANK_LIMIT, and without any event of the ranked type."""
    series: Series
    recorded: dict[str, Ends]
    """Of all videos."""
    entry: Entry | None
    """What the catalogue has of it."""


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A connection whose statements all see one snapshot of the database."""
    with reading() as connection:
        # SQLite's transactions are snapshots by default.
        postgresql = connection.dialect.name == "postgresql"
        yield connection.execution_options(isolation_level="REPEATABLE READ") if postgresql else connection


def counts_of(video_ids: Sequence[str], event: str = DEFAULT_EVENT) -> dict[str, int]:
    """The counts of these videos; one without any such event is absent, or 0."""
    columns, count = video_metrics.c, counter(video_metrics, event)
    counts: dict[str, int] = {}
    with reading() as connection:
        for start in range(0, len(video_ids), _CHUNK):
            chunk = video_ids[start : start + _CHUNK]
            query = select(columns.video_id, count).where(columns.video_id.in_(chunk))
            counts.update((video_id, count) for video_id, count in connection.execute(query))
    return counts


def series(days: Days) -> Series:
    """The counts of all videos by day."""
    with snapshot() as connection:
        return _series(connection, daily_totals, days)


def find_video(video_id: str, days: Days, event: str) -> Video | None:
    """A video's counts, by day for these days, and its rank by `event`; None if it has no event of an enabled type."""
    columns = counters(video_metrics, reported_events())
    its = (video_metrics.c.video_id == video_id, any_of(counters(video_metrics, current_settings().events)))
    with snapshot() as connection:
        found = connection.execute(select(*columns).where(*its)).one_or_none()
        if found is None:
            return None
        all_time = named(found)
        rank = _rank(connection, event, all_time[event], video_id) if all_time[event] else None
        by_day = _series(connection, video_metrics_daily, days, video_metrics_daily.c.video_id == video_id)
        entry = entries_of(connection, [video_id]).get(video_id)
        return Video(all_time, rank, by_day, _ends(connection, daily_totals), entry)


def _series(connection: Connection, table: Table, days: Days, *its: ColumnElement[bool]) -> Series:
    day, columns = table.c.day, counters(table, reported_events())
    rows = connection.execute(select(day, *columns).where(*its, any_of(columns), days.holds(day)))
    return Series(_ends(connection, table, *its), {day: named(counts) for day, *counts in rows})


def _ends(connection: Connection, table: Table, *its: ColumnElement[bool]) -> dict[str, Ends]:
    """The first and the last day of each event type."""
    day, events = table.c.day, reported_events()
    # Each is a query of its own, which reads the key's index from one end up to the first row that has such events.
    ends = [
        select(end(day)).where(*its, count > 0).scalar_subquery()
        for count in counters(table, events)
        for end in (func.min, func.max)
    ]
    found = connection.execute(select(*ends)).one()
    return {event: Ends(*found[2 * number : 2 * number + 2]) for number, event in enumerate(events)}


def sums_of(connection: Connection, days: Days) -> Counts:
    """The counts of all videos on these days."""
    sums = [added_up(count) for count in counters(daily_totals, reported_events())]
    return named(connection.execute(select(*sums).where(days.holds(daily_totals.c.day))).one())


def sums_by_video(
    connection: Connection, video_ids: Sequence[str], days: Days, events: Sequence[str]
) -> Iterator[Sequence[Any]]:
    """The id and the count of each event type of these videos on these days; a video without any row is absent."""
    table = video_metrics if days.all_time else video_metrics_daily
    video_id = table.c.video_id
    sums = [added_up(count) for count in counters(table, events)]
    in_range = true() if days.all_time else days.holds(table.c.day)
    for start in range(0, len(video_ids), _CHUNK):
        its = video_id.in_(video_ids[start : start + _CHUNK])
        yield from connection.execute(select(video_id, *sums).where(its, in_range).group_by(video_id))


def days_by_video(connection: Connection, video_ids: Sequence[str], days: Days, event: str) -> dict[str, list[int]]:
    """Each video's count on each of these days; the range must have both ends."""
    columns, count = video_metrics_daily.c, counter(video_metrics_daily, event)
    numbers = {day: number for number, day in enumerate(days.each())}
    counts = {video_id: [0] * len(numbers) for video_id in video_ids}
    for start in range(0, len(video_ids), _CHUNK):
        its = columns.video_id.in_(video_ids[start : start + _CHUNK])
        query = select(columns.video_id, columns.day, count).where(its, days.holds(columns.day))
        for video_id, day, its_count in connection.execute(query):
            counts[video_id][numbers[day]] = its_count
    return counts


def added_up(column: ColumnElement[int]) -> ColumnElement[int]:
    """The sum of a counter as an integer; PostgreSQL would return a Decimal."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _rank(connection: Connection, event: str, all_time_count: int, video_id: str) -> int | None:
    columns, count = video_metrics.c, counter(video_metrics, event)
    higher = count > all_time_count
    tied = and_(count == all_time_count, columns.video_id < video_id)
    ahead = 0
    # One query per condition: each is a single range of the ranking's index; combined with OR they would not be.
    for condition in (higher, tied):
        some = select(columns.video_id).where(condition, indexed(video_metrics, event)).limit(RANK_LIMIT).subquery()
        ahead += connection.scalar(select(func.count()).select_from(some)) or 0
    return ahead + 1 if ahead < RANK_LIMIT else None
