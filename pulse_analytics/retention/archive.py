"""Delete raw events, and add them up into the archive in the same transaction: no counter moves.

A slice is one transaction. It chooses its rows, then asks the journal which events were taken and not settled, and
leaves these: a worker may have died after their commit, and another one will record them again. With their rows gone
they would count twice. If Redis does not answer, nothing is deleted.
"""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pulse_analytics import config
from pulse_analytics.database import db, writing
from pulse_analytics.database.event_days import counts_of_rows
from pulse_analytics.database.models import video_events, video_events_archived
from pulse_analytics.database.postgresql import retried
from pulse_analytics.database.slices import slice_after
from pulse_analytics.database.sqlite import checkpoint
from pulse_analytics.events import COUNT_COLUMNS
from pulse_analytics.ingest.journal import current_journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import ColumnElement, Connection

    Act = Callable[[Connection, ColumnElement[bool]], int]
    """What to do with the raw events of a condition, in the transaction of a slice. Returns how many there were."""


def archive(connection: Connection, rows: ColumnElement[bool]) -> int:
    """Move the raw events of this condition into the archive. Returns how many there were."""
    names = ["video_id", "day", *COUNT_COLUMNS]
    counts = counts_of_rows(connection.dialect, rows)
    # In the order of the key, or two of these deadlock.
    counts = counts.order_by(*list(counts.selected_columns)[:2])
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(video_events_archived).from_select(names, counts)
    added = {name: video_events_archived.c[name] + insert.excluded[name] for name in COUNT_COLUMNS}
    connection.execute(insert.on_conflict_do_update(index_elements=["video_id", "day"], set_=added))
    return connection.execute(delete(video_events).where(rows)).rowcount


def only_count(connection: Connection, rows: ColumnElement[bool]) -> int:
    """How many raw events of this condition there are. Instead of `archive`: it changes nothing."""
    return connection.scalar(select(func.count()).select_from(video_events).where(rows)) or 0


def sweep(
    rows: ColumnElement[bool],
    after: str | None = None,
    *,
    seconds: float = math.inf,
    act: Act = archive,
    looked: Callable[[], object] = bool,
) -> tuple[int, str | None]:
    """`sweep_slice`, slice by slice from the id `after` on, until `seconds` are over. Calls `looked` after each slice.

    Returns how many raw events `act` had, and where to go on (None: that was all). Events may flow meanwhile, and
    others may do the same. If it is killed, do it again. Raises RedisError or SQLAlchemyError.
    """
    found, until = 0, time.monotonic() + seconds
    while True:
        more, after = sweep_slice(rows, after, act)
        found += more
        looked()
        if after is None or time.monotonic() >= until:
            return found, after
        if db.engine.dialect.name == "sqlite":
            time.sleep(config.ARCHIVE_PAUSE_SECONDS)  # Let a worker write.


def sweep_slice(
    rows: ColumnElement[bool],
    after: str | None,
    act: Act = archive,
    *,
    size: int | None = None,
    lowers_counters: bool = False,
) -> tuple[int, str | None]:
    """Do `act` with those raw events of the next slice for which `rows` holds, except those whose entry is taken.

    A slice is `size` raw events (None: ARCHIVE_SIZE) after the id `after`, in the order of their ids, `rows` or not;
    None: the first one. Returns how many `act` had, and where the next slice begins (None: there is none). Events may
    flow meanwhile. If `act` `lowers_counters`, workers that count wait until the slice ends.
    Raises RedisError or SQLAlchemyError, and then nothing has happened.
    """
    attempt = partial(_try_slice, rows, after, act, size or config.ARCHIVE_SIZE, lowers_counters)
    return retried(attempt, config.ARCHIVE_RETRIES)


def _try_slice(
    rows: ColumnElement[bool], after: str | None, act: Act, size: int, lowers_counters: bool
) -> tuple[int, str | None]:
    with _snapshot() as connection:
        if lowers_counters and connection.dialect.name == "postgresql":
            # In a snapshot, a counter that another transaction has raised since cannot be changed. So before the
            # snapshot, which only the first query takes, wait for those that count, and keep others out: all of them
            # write this table before the other counters.
            connection.exec_driver_sql("LOCK TABLE video_metrics IN SHARE ROW EXCLUSIVE MODE")
        part = slice_after(connection, video_events.c.id, after, size)
        chosen = connection.scalars(select(video_events.c.id).where(part.condition, rows)).all()
        # Not before the rows are chosen: what is recorded in between is not in this snapshot.
        taken = current_journal().taken_events().intersection(chosen) if chosen else set()
        free = video_events.c.id.not_in(sorted(taken)) if taken else rows
        return act(connection, and_(part.condition, rows, free)) if len(chosen) > len(taken) else 0, part.last


def empty_wal() -> bool:
    """On SQLite, empty the WAL file, in which deleted rows can be read. Returns False if others kept it in use."""
    return db.engine.dialect.name != "sqlite" or checkpoint(db.engine)


@contextmanager
def _snapshot() -> Iterator[Connection]:
    """A transaction that writes, all of whose statements see one snapshot. It is the only one of its kind at a time."""
    with writing(db.engine).connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
        with connection.begin():
            if connection.dialect.name == "postgresql":
                # Two of these would raise the same rows, and the second one fail for it again and again. A statement
                # other than LOCK would begin the snapshot, before the first one has committed.
                connection.exec_driver_sql("LOCK TABLE video_events_archived IN SHARE ROW EXCLUSIVE MODE")
            yield connection
