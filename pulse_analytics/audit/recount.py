"""Count the raw events again, add the archived ones, and compare with the counters.

`pulse audit` reports the differences, `pulse rebuild` corrects them.

Everything is read in one snapshot of the database. The worker inserts raw events and raises their counters in one
transaction, so they agree in every snapshot, however fast events flow. The price of a snapshot that lives for minutes:
until it ends, PostgreSQL cannot vacuum changed rows, and SQLite's WAL file grows with every write.

Memory is bounded: intermediate results are in temporary tables and sorts, which both databases keep on the disk, at
most a short row for each raw event.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import click
from sqlalchemy import and_, distinct, func, insert, literal_column, or_, select, true, union_all

from pulse_analytics import config
from pulse_analytics.audit.tables import differences, raw_counts, temporary
from pulse_analytics.database.event_days import counts_of_rows
from pulse_analytics.database.models import (
    daily_totals,
    erasures,
    video_events,
    video_events_archived,
    video_metrics,
    video_metrics_daily,
)
from pulse_analytics.database.postgresql import patience
from pulse_analytics.database.slices import slice_after
from pulse_analytics.events import COUNT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from datetime import date

    from sqlalchemy import ColumnElement, Connection, Table


class Difference(NamedTuple):
    """A counter that does not equal the number of its raw and archived events."""

    video_id: str
    """Empty: the day's counter of all videos."""
    day: date | None
    """None: the video's counter over all days."""
    counter: str
    counted: int
    events: int
    """Raw and archived ones."""


class Sums(NamedTuple):
    """The sums of one event type."""

    raw: int
    archived: int
    by_video: int
    by_day: int
    in_all: int
    """The counters by day of all videos."""


@dataclass(frozen=True)
class Recount:
    """The result of a recount, all of it of one moment."""

    sums: dict[str, Sums]
    """By counter."""
    rows: int
    """Raw events, of every kind and of all videos."""
    gone: int
    """Events that were raw ones: archived, or erased with their counts. Of every kind and of all videos."""
    videos: int
    """Rows of `video_metrics`."""
    days: int
    """UTC days on which something was counted."""
    wrong_videos: int
    """Rows of `video_metrics` that are wrong, missing or superfluous."""
    wrong_days: int
    """The same for `video_metrics_daily`."""
    wrong_totals: int
    """The same for `daily_totals`. A recount of one video cannot check these: 0."""
    first: list[Difference]
    """The first differences, in the order of the key."""

    @property
    def wrong(self) -> int:
        """All rows that are wrong."""
        return self.wrong_videos + self.wrong_days + self.wrong_totals


def recount(connection: Connection, video_id: str | None = None, *, keep: bool = False) -> Recount:
    """Count the raw events again, all or those of one video.

    Shows a progress bar on a terminal. `connection` must be in no transaction. With `keep`, the temporary table
    `differences` stays, which lists the wrong counters; then `connection` must not return to a pool.
    """
    snapshot = _postgresql_snapshot if connection.dialect.name == "postgresql" else _sqlite_snapshot
    with snapshot(connection):
        temporary.create_all(connection, checkfirst=False)
        rows = _count_raw_events(connection, video_id)
        _add_archived(connection, video_id)
        _compare(connection, video_metrics, ["video_id"], video_id)
        _compare(connection, video_metrics_daily, ["video_id", "day"], video_id)
        if video_id is None:
            _compare(connection, daily_totals, ["day"], None)
        found = _read(connection, video_id, rows)
        if not keep:
            temporary.drop_all(connection, checkfirst=False)
        return found


def _sqlite_snapshot(connection: Connection) -> AbstractContextManager[object]:
    return connection.begin()


@contextmanager
def _postgresql_snapshot(connection: Connection) -> Iterator[None]:
    with connection.begin():
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        # Without this, the server keeps sorting for a command that was killed, and keeps the next rebuild out.
        connection.exec_driver_sql("SET LOCAL client_connection_check_interval = '1s'")
        with patience(connection, config.RECOUNT_LIMIT_SECONDS):
            yield


def _count_raw_events(connection: Connection, video_id: str | None) -> int:
    """Fill `raw_counts`, one chunk of raw events at a time. Returns how many raw events there are."""
    rows: int = connection.scalar(select(func.count()).select_from(video_events)) or 0
    after = None
    # The bar goes to stderr: stdout holds the result alone.
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=rows, label="Raw events recounted", file=sys.stderr, hidden=hidden) as bar:
        while True:
            part = slice_after(connection, video_events.c.id, after, config.RECOUNT_SIZE)
            chunk = counts_of_rows(connection.dialect, and_(part.condition, _is_of(video_events, video_id)))
            connection.execute(insert(raw_counts).from_select(["video_id", "day", *COUNT_COLUMNS], chunk))
            bar.update(config.RECOUNT_SIZE)
            if part.last is None:
                return rows
            after = part.last


def _add_archived(connection: Connection, video_id: str | None) -> None:
    """Add the archived events to `raw_counts`."""
    names = ["video_id", "day", *COUNT_COLUMNS]
    archived = select(*(video_events_archived.c[name] for name in names)).where(_is_of(video_events_archived, video_id))
    connection.execute(insert(raw_counts).from_select(names, archived))


def _count_gone(connection: Connection) -> int:
    archived = _sums(connection, video_events_archived, func.count(), None)
    erased = select(func.coalesce(func.sum(erasures.c.raw_events), 0)).where(erasures.c.with_counts)
    return sum(archived[name] for name in COUNT_COLUMNS) + int(connection.scalar(erased) or 0)


def _compare(connection: Connection, table: Table, key: list[str], video_id: str | None) -> None:
    """Add the rows of `table` that differ from `raw_counts` to `differences`."""
    nothing: ColumnElement[int] = literal_column("0")
    raw = [
        *(raw_counts.c[name].label(f"raw_{name}") for name in COUNT_COLUMNS),
        *(nothing.label(f"counted_{name}") for name in COUNT_COLUMNS),
    ]
    counted = [*(nothing for _ in COUNT_COLUMNS), *(table.c[name] for name in COUNT_COLUMNS)]
    both = union_all(
        select(*(raw_counts.c[name] for name in key), *raw),
        select(*(table.c[name] for name in key), *counted).where(_is_of(table, video_id)),
    ).subquery()
    names = [column.name for column in both.c if column.name not in key]
    keys = [both.c[name] for name in key]
    wrong = or_(*(func.sum(both.c[f"raw_{name}"]) != func.sum(both.c[f"counted_{name}"]) for name in COUNT_COLUMNS))
    found = select(*keys, *(func.sum(both.c[name]) for name in names)).group_by(*keys).having(wrong)
    connection.execute(insert(differences).from_select([*key, *names], found))


def _read(connection: Connection, video_id: str | None, rows: int) -> Recount:
    events = _sums(connection, raw_counts, func.count(), None)
    archived = _sums(connection, video_events_archived, func.count(), video_id)
    videos = _sums(connection, video_metrics, func.count(), video_id)
    days = _sums(connection, video_metrics_daily, func.count(distinct(video_metrics_daily.c.day)), video_id)
    totals = _sums(connection, daily_totals, func.count(), None)
    wrong = select(func.count(), func.count(differences.c.day), func.count().filter(differences.c.video_id == ""))
    all_rows, day_rows, total_rows = connection.execute(wrong).one()
    return Recount(
        sums={
            name: Sums(events[name] - archived[name], archived[name], videos[name], days[name], totals[name])
            for name in COUNT_COLUMNS
        },
        rows=rows,
        gone=_count_gone(connection),
        videos=videos["count"],
        days=days["count"],
        wrong_videos=all_rows - day_rows,
        wrong_days=day_rows - total_rows,
        wrong_totals=total_rows,
        first=_first(connection),
    )


def _sums(connection: Connection, table: Table, count: ColumnElement[int], video_id: str | None) -> dict[str, int]:
    sums = (func.coalesce(func.sum(table.c[name]), 0).label(name) for name in COUNT_COLUMNS)
    row = connection.execute(select(count.label("count"), *sums).where(_is_of(table, video_id))).mappings().one()
    return {name: int(row[name]) for name in ("count", *COUNT_COLUMNS)}


def _first(connection: Connection) -> list[Difference]:
    table = differences.c
    rows = select(differences).order_by(table.video_id == "", table.video_id, table.day.is_not(None), table.day)
    return [
        Difference(row["video_id"], row["day"], name, row[f"counted_{name}"], row[f"raw_{name}"])
        for row in connection.execute(rows.limit(config.DIFFERENCES_SHOWN)).mappings()
        for name in COUNT_COLUMNS
        if row[f"counted_{name}"] != row[f"raw_{name}"]
    ]


def _is_of(table: Table, video_id: str | None) -> ColumnElement[bool]:
    return true() if video_id is None else table.c.video_id == video_id
