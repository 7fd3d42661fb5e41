"""Move what waits from the journal to the database, batch after batch: take, record, settle."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, IntegrityError

from pulse_analytics import config
from pulse_analytics.ingest.journal.entries import BadEntry
from pulse_analytics.ingest.recorder import record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pulse_analytics.ingest.journal import Journal
    from pulse_analytics.ingest.journal.entries import Batch, Entry

log = logging.getLogger(__name__)


def drain(journal: Journal, consumer: str, wake_another: Callable[[], None]) -> bool:
    """Record and settle what waits, until the journal was seen empty (False) or RUN_BUDGET_SECONDS are over (True).

    Calls `wake_another` when a full batch says that there is work for a second worker.
    Raises what stopped it, SQLAlchemyError or RedisError; what it could not record is back in the journal.
    """
    until = time.monotonic() + config.RUN_BUDGET_SECONDS
    while (began := time.monotonic()) < until:
        batch = _next_batch(journal, consumer)
        if batch.empty:
            return False
        _persist(journal, consumer, batch)
        if not batch.full:
            time.sleep(max(0.0, began + config.PACE_SECONDS - time.monotonic()))
        else:
            # Only now: a batch that could not be recorded must not call others to fail as well.
            wake_another()
    return True


def _next_batch(journal: Journal, consumer: str) -> Batch:
    """The next batch, lingering for one; an empty one only after the wake-up flag is down."""
    batch = journal.take(consumer)
    if batch.empty:
        batch = journal.linger(consumer)
    if batch.empty:
        # An event that was accepted after the last look and before this line woke nobody: look once more.
        journal.release_wakeup()
        batch = journal.take(consumer)
    return batch


def _persist(journal: Journal, consumer: str, batch: Batch) -> None:
    """Record the batch, and only then settle it."""
    recorded = _Recorded()
    try:
        if batch.entries:
            recorded = _record(batch.entries)
    except Exception:
        _give_back(journal, consumer, batch.entries)
        raise
    parked = [*batch.bad, *recorded.refused]
    for entry in parked:
        log.warning("Parking the journal entry %s: %s", entry.entry_id, entry.reason)
    journal.settle(recorded.new, recorded.known)
    journal.park(parked)


class _Recorded:
    """What became of the entries of a batch."""

    def __init__(self) -> None:
        self.new: list[Entry] = []
        """Their events' rows are these entries' own."""
        self.known: list[Entry] = []
        """Their events had a row."""
        self.refused: list[BadEntry] = []
        self.error: DataError | IntegrityError | None = None
        """With which the last one was refused."""

    def record(self, entries: Sequence[Entry]) -> None:
        """Record what can be; note what cannot be while others can."""
        try:
            new_ids = record([entry.event for entry in entries])
        except (DataError, IntegrityError) as error:
            if len(entries) == 1:
                self.error = error
                self.refused.append(BadEntry(entries[0].entry_id, f"the database refused it: {error.orig}".strip()))
                return
            middle = len(entries) // 2
            self.record(entries[:middle])
            self.record(entries[middle:])
            return
        for entry in entries:
            # Of two entries of one event, the first one.
            (self.new if entry.event.id in new_ids else self.known).append(entry)
            new_ids.discard(entry.event.id)


def _record(entries: Sequence[Entry]) -> _Recorded:
    """Record the entries, except those whose content the database refuses while it accepts others.

    If it refuses all of them the fault may be the database's own, so nothing is parked: the refusal is raised.
    """
    recorded = _Recorded()
    recorded.record(entries)
    if recorded.error is not None and len(recorded.refused) == len(entries):
        raise recorded.error
    return recorded


def _give_back(journal: Journal, consumer: str, entries: Sequence[Entry]) -> None:
    try:
        journal.give_back(consumer, entries)
    except RedisError:
        # They are stale soon enough; what stopped the batch is the error to report.
        log.warning("Could not give a batch back to the journal.", exc_info=True)
