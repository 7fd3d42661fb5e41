"""Move entries from the journal to the database, batch after batch: take, record, settle."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, IntegrityError

from pulse_analytics import config
from pulse_analytics.errors import in_short
from pulse_analytics.ingest.journal.entries import BadEntry
from pulse_analytics.ingest.recorder import record
from pulse_analytics.sparse_log import SparseLog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pulse_analytics.ingest.journal import Journal
    from pulse_analytics.ingest.journal.entries import Batch, Entry

log = logging.getLogger(__name__)
_unknown_log = SparseLog(log, config.UNKNOWN_EVENT_LOG_SECONDS)


def drain(journal: Journal, consumer: str, wake_another: Callable[[], None]) -> bool:
    """Move entries from the journal to the database, until none waits (False) or RUN_BUDGET_SECONDS are over (True).

    1. Take up to BATCH_SIZE entries. If none waits, linger; if none comes, drop the wake-up flag, look once more, end.
    2. Record their events and counts in one transaction.
    3. Settle them: acknowledge and delete the entries, in one step, only after the commit.
    4. Park the entries that can never be recorded. Those of events that only newer workers know are held before step 2.
    5. After a full batch, wake a second worker; after a smaller one, wait out PACE_SECONDS.

    If step 2 fails, the entries go back to the journal. Raises SQLAlchemyError or RedisError.
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
            # Not before the batch is recorded: if the database refuses it, a second worker would only fail as well.
            wake_another()
    return True


def _next_batch(journal: Journal, consumer: str) -> Batch:
    """Step 1: the next batch. It is empty only after the wake-up flag was dropped."""
    batch = journal.take(consumer)
    if batch.empty:
        batch = journal.linger(consumer)
    if batch.empty:
        # Race: an event that was accepted after `linger` found the flag still set, so it woke no worker. Drop the flag,
        # then take once more. The next event that is accepted after this finds no flag, and wakes a worker.
        journal.release_wakeup()
        batch = journal.take(consumer)
    return batch


def _persist(journal: Journal, consumer: str, batch: Batch) -> None:
    """Steps 2 to 4: record the batch, then settle it, then park what cannot be recorded."""
    for name in {entry.event.event for entry in batch.unknown}:
        _unknown_log.warning(f"This worker does not know the event {name}: its entries wait for a newer worker.")
    journal.hold(batch.unknown)
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
    """The outcome of recording a batch, entry by entry."""

    def __init__(self) -> None:
        self.new: list[Entry] = []
        """This batch inserted their rows."""
        self.known: list[Entry] = []
        """Their rows existed: another worker had recorded the event, or an earlier entry of this batch holds it."""
        self.refused: list[BadEntry] = []
        self.error: DataError | IntegrityError | None = None
        """Why the database refused the last one."""

    def record(self, entries: Sequence[Entry]) -> None:
        """Record the entries. If the database refuses them, try each half, down to the single refused entry.

        For k refused entries of n this takes up to about 2k·log2(n) transactions.
        """
        try:
            new_ids = record([entry.event for entry in entries])
        except (DataError, IntegrityError) as error:
            if len(entries) == 1:
                self.error = error
                # Only the first line, because the reason is logged, and PostgreSQL's next line quotes the whole row.
                reason = in_short(error.orig or error)
                self.refused.append(BadEntry(entries[0].entry_id, f"the database refused it: {reason}"))
                return
            middle = len(entries) // 2
            self.record(entries[:middle])
            self.record(entries[middle:])
            return
        for entry in entries:
            # If two entries hold the same event, the first one is new and the second one known.
            (self.new if entry.event.id in new_ids else self.known).append(entry)
            new_ids.discard(entry.event.id)


def _record(entries: Sequence[Entry]) -> _Recorded:
    """Step 2: record the entries, except those whose content the database refuses while it accepts others.

    If it refuses all of them, the database itself may be at fault: nothing is parked, and the refusal is raised.
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
        # They become stale, and another worker takes them. The error that stopped the batch is the one to report.
        log.warning("Could not give a batch back to the journal.", exc_info=True)
