"""The journal's figures: what it holds, whether that is what its ledger says, what it is doing now. Pure: no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pulse_analytics.config import MEMORY_WARNING_SHARE

if TYPE_CHECKING:
    from collections.abc import Sequence


class Balance(NamedTuple):
    """The journal's figures, all of one moment: the ledger's, then what the two streams hold."""

    accepted: int
    duplicate: int
    settled: int
    parked: int
    dropped: int
    settled_new: int
    """Of the settled ones, those whose event was new to the database."""
    epoch: str
    """The id of the epoch that the ledger is in; empty: of none."""
    epoch_begun: int
    """1: the database was told that the ledger is in it."""
    waiting: int
    """Entries in the journal."""
    pending: int
    """Entries that a consumer has and has not settled."""
    letters: int
    """Entries among the dead letters."""
    unread: int
    """Entries that no consumer has been given yet."""

    def faults(self) -> list[str]:
        """What does not add up, a sentence each; none: every accepted event is accounted for."""
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
    """That moment by Redis' clock, in ms since 1970."""
    accepted: int
    settled: int
    """Entries whose events are in the database."""
    duplicate: int
    parked: int
    waiting: int
    oldest: int | None
    """When the oldest waiting entry came into the journal, in ms since 1970; None: nothing waits."""
    per_minute: list[int]
    """Entries settled in each of the last 60 minutes; the last one is the current minute."""

    @property
    def oldest_waiting_seconds(self) -> float | None:
        """How long the oldest entry has waited. 0 if Redis' clock was set back since it came."""
        return None if self.oldest is None else max(0, self.at - self.oldest) / 1000


class Memory(NamedTuple):
    """Redis' memory."""

    evicted: int
    """Keys that Redis evicted in this epoch to make room: those of the whole server, nearly all of them dedupe keys."""
    used: int
    """Bytes."""
    limit: int
    """`maxmemory` in bytes; 0: none."""
    policy: str
    """`maxmemory-policy`."""

    @property
    def share(self) -> float | None:
        """How much of the limit is in use; None: there is no limit."""
        return self.used / self.limit if self.limit else None

    @property
    def is_nearly_full(self) -> bool:
        """Whether it is time to raise the limit."""
        return (self.share or 0) >= MEMORY_WARNING_SHARE

    def notes(self) -> list[str]:
        """What an operator should know, a sentence each. None of it is a fault."""
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


def read_live(at: int, counters: Sequence[int], waiting: int, oldest_id: str, per_minute: list[int]) -> Live:
    """The counters as lua/live.lua answers them. An entry's id begins with its time."""
    oldest = int(oldest_id.partition("-")[0]) if oldest_id else None
    accepted, settled, duplicate, parked = counters
    return Live(at, accepted, settled, duplicate, parked, waiting, oldest, per_minute)
