"""The journal's figures: what it holds, whether its ledger agrees, and what it is doing now. Pure: no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pulse_analytics.config import MEMORY_WARNING_SHARE

if TYPE_CHECKING:
    from collections.abc import Sequence


class Balance(NamedTuple):
    """The journal's figures, all of one moment: those of the ledger, then those of the two streams."""

    accepted: int
    duplicate: int
    settled: int
    parked: int
    dropped: int
    settled_new: int
    """Settled entries whose event was new to the database."""
    epoch: str
    """The id of the epoch that the ledger is in; empty: it is in none."""
    epoch_begun: int
    """1: the database has noted the beginning of this epoch."""
    waiting: int
    """Entries in the journal."""
    pending: int
    """Entries that a consumer has taken and not settled."""
    letters: int
    """Entries among the dead letters."""
    unknown: int
    """Pending entries of events that no worker so far knew."""
    unread: int
    """Entries that no consumer has taken yet."""

    def faults(self) -> list[str]:
        """What does not add up, one sentence each; empty: every accepted event is accounted for."""
        accounted = self.settled + self.waiting + self.parked + self.dropped
        faults = []
        if self.accepted != accounted:
            faults.append(
                f"The ledger does not close: accepted {self.accepted:,}, but settled {self.settled:,} + waiting "
                f"{self.waiting:,} + parked {self.parked:,} + dropped {self.dropped:,} = {accounted:,}."
            )
        if self.waiting != self.pending + self.unread:
            faults.append(
                f"The journal does not close: {self.waiting:,} waiting, but pending {self.pending:,} + unread "
                f"{self.unread:,} = {self.pending + self.unread:,}."
            )
        if self.parked != self.letters:
            faults.append(f"The ledger has {self.parked:,} parked, but there are {self.letters:,} dead letters.")
        return faults


class Live(NamedTuple):
    """The journal's own counters, all of one moment."""

    at: int
    """The moment by Redis' clock, in ms since 1970."""
    accepted: int
    settled: int
    """Entries whose events are in the database."""
    duplicate: int
    parked: int
    suppressed: int
    """Crossings that were not reported, because their viewers' browsers ask for privacy. An estimate."""
    waiting: int
    oldest: int | None
    """When the oldest waiting entry was appended, in ms since 1970; None: nothing waits."""
    per_minute: list[int]
    """Entries settled in each of the last 60 minutes; the last one is the current minute."""
    unknown: dict[str, int]
    """Waiting entries of events that no worker so far knew, by event."""

    @property
    def oldest_waiting_seconds(self) -> float | None:
        """How long the oldest entry has waited. 0 if Redis' clock was set back since it was appended."""
        return None if self.oldest is None else max(0, self.at - self.oldest) / 1000


class Memory(NamedTuple):
    """Redis' memory."""

    evicted: int
    """Keys that the whole Redis server evicted in this epoch to free memory; nearly all of them are dedupe keys."""
    used: int
    """Bytes."""
    limit: int
    """`maxmemory` in bytes; 0: no limit."""
    policy: str
    """`maxmemory-policy`."""

    @property
    def share(self) -> float | None:
        """The share of the limit that is in use; None: there is no limit."""
        return self.used / self.limit if self.limit else None

    @property
    def is_nearly_full(self) -> bool:
        """Whether the operator should raise the limit."""
        return (self.share or 0) >= MEMORY_WARNING_SHARE

    def notes(self) -> list[str]:
        """What an operator should know, one sentence each. None of it is a fault."""
        notes = []
        if self.evicted:
            notes.append(
                f"Redis evicted {self.evicted:,} keys in this epoch, because its memory was full: viewers whose dedupe "
                "keys are gone may have counted again. Raise maxmemory."
            )
        if self.limit and self.policy.startswith("allkeys"):
            notes.append(
                f"maxmemory-policy is {self.policy}: a full Redis may evict the journal, and accepted events with it. "
                "Set volatile-ttl."
            )
        if self.is_nearly_full:
            end = "it refuses reports" if self.policy == "noeviction" else "it evicts keys"
            notes.append(
                f"Redis uses {self.used:,} of {self.limit:,} bytes ({self.used / self.limit:.0%} of maxmemory). "
                f"When it is full, {end}."
            )
        return notes


def read_live(
    at: int,
    counters: Sequence[int],
    waiting: int,
    oldest_id: str,
    per_minute: list[int],
    unknown: list[tuple[str, int]],
) -> Live:
    """The counters that lua/live.lua returned. An entry's id begins with the time at which it was appended."""
    oldest = int(oldest_id.partition("-")[0]) if oldest_id else None
    accepted, settled, duplicate, parked, suppressed = counters
    return Live(at, accepted, settled, duplicate, parked, suppressed, waiting, oldest, per_minute, dict(unknown))
