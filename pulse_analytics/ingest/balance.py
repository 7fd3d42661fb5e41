"""What the journal holds, and whether that is what its ledger says. Pure: no I/O."""

from __future__ import annotations

from typing import NamedTuple


class Balance(NamedTuple):
    """The journal's figures, all of one moment: the ledger's five, then what the two streams hold."""

    accepted: int
    duplicate: int
    settled: int
    parked: int
    dropped: int
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
