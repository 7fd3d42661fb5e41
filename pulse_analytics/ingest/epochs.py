"""What joins the two books: the ledger in Redis, which counts what was settled, and the raw events in the database.

Each loses sight of the other: a database that is restored from a backup, or a Redis that is emptied, closes by itself.
So both know the epoch that they are in, and since it began

    settled_new  <=  rows  <=  settled_new + settled_known + taken

An entry is settled as new by whoever inserted its row, and as known by whoever found it there: then another inserted
it, who may have died before it settled it. What is taken may have its row already.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from sqlalchemy import insert, select, update

from pulse_analytics.database import db, writing
from pulse_analytics.database.models import journal_epochs, video_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from pulse_analytics.ingest.journal import Journal
    from pulse_analytics.ingest.journal.figures import Balance


class Before(NamedTuple):
    """What both books held when an epoch began."""

    rows: int
    settled: int
    """At a moment before `rows` was counted, as what is settled later may have a row later."""
    settled_new: int
    """At a moment after it, as `taken`."""
    taken: int
    """Entries that a worker had: they may have had their rows, and were settled as new in this epoch."""


class Epoch(NamedTuple):
    """A time that both books cover."""

    id: str
    begun_at: datetime
    reason: str
    before: Before | None
    """None: Redis does not know this epoch yet."""


class Join(NamedTuple):
    """The two books side by side, since the epoch began."""

    rows: int
    settled_new: int
    settled_known: int
    taken: int
    taken_before: int
    fault: str
    """What does not fit, in a sentence; empty: nothing."""

    @property
    def least(self) -> int:
        """Fewer rows than these cannot be."""
        return self.settled_new - self.taken_before

    @property
    def most(self) -> int:
        """More rows than these cannot be."""
        return self.settled_new + self.settled_known + self.taken

    def faults(self) -> list[str]:
        """What does not add up, a sentence each."""
        if self.fault:
            return [self.fault]
        came = f"{self.rows:,} came" if self.rows >= 0 else f"{-self.rows:,} of those before it are gone"
        if self.rows < self.least:
            settled = f"{max(0, self.least):,} raw events of this epoch were settled as new, but {came}"
            return [
                f"Raw events are missing: {settled}. Was the database restored from a backup, or were rows deleted?"
            ]
        if self.rows > self.most:
            settled = f"{came} in this epoch, but {max(0, self.most):,} were settled or taken"
            return [
                f"There are raw events too many: {settled}. Was Redis restored from a backup, or were rows inserted?"
            ]
        return []


class AnotherEpoch(Exception):
    """Another command has begun an epoch meanwhile."""


def current_epoch(connection: Connection) -> Epoch:
    """The epoch that the database is in."""
    row = connection.execute(select(journal_epochs).where(journal_epochs.c.ended_at.is_(None))).mappings().one()
    before = None if row["rows_before"] is None else Before(*(int(row[f"{name}_before"]) for name in Before._fields))
    return Epoch(row["id"], row["begun_at"], row["reason"], before)


def join(epoch: Epoch, earlier: Balance, rows: int, later: Balance) -> Join:
    """Compare `rows`, counted in a snapshot of the database, with the ledger as it was before and is after that.

    So it holds while events flow: what is settled as new `earlier` has its row in the snapshot, and what has a row in
    it is settled or taken `later`.
    """
    before = epoch.before or Before(rows, earlier.settled, later.settled_new, later.pending)
    new = earlier.settled_new - before.settled_new
    return Join(
        rows=rows - before.rows,
        settled_new=new,
        settled_known=later.settled - before.settled - new,
        taken=later.pending,
        taken_before=before.taken,
        fault=_fault_of(epoch, later),
    )


def begin_if_new(journal: Journal) -> None:
    """Let Redis know the epoch of a database that holds no raw events. Of any other an audit knows what it holds.

    Raises RedisError or SQLAlchemyError.
    """
    with db.engine.connect() as connection:
        epoch = current_epoch(connection)
        if epoch.before is not None or _has_rows(connection):
            return
    earlier = journal.balance()
    with db.engine.connect() as connection:  # Another snapshot, after that look.
        if _has_rows(connection):
            return
    later = journal.balance()
    if not _fault_of(epoch, later):
        adopt(journal, epoch, Before(0, earlier.settled, later.settled_new, later.pending))


def adopt(journal: Journal, epoch: Epoch, before: Before) -> None:
    """Let Redis know an epoch of the database that began with `before`; not if Redis is in another one already.

    In this order: if it ends in between, it is done again, and a database that was restored is not taken for that.
    """
    if journal.enter_epoch(epoch.id) != epoch.id:
        return
    with writing(db.engine).begin() as connection:
        unknown = (journal_epochs.c.id == epoch.id) & journal_epochs.c.rows_before.is_(None)
        connection.execute(update(journal_epochs).where(unknown).values(**_columns(before)))
    journal.begin_epoch(epoch.id)


def begin_epoch(journal: Journal, epoch: Epoch, reason: str, faults: Sequence[str], before: Before) -> None:
    """End `epoch`, with what did not fit on record, and begin another for both books. Raises AnotherEpoch."""
    now = datetime.now(UTC)
    epoch_id = str(uuid4())
    with writing(db.engine).begin() as connection:
        current = (journal_epochs.c.id == epoch.id) & journal_epochs.c.ended_at.is_(None)
        ended = connection.execute(update(journal_epochs).where(current).values(ended_at=now, faults="\n".join(faults)))
        if ended.rowcount != 1:
            raise AnotherEpoch
        begun = {"id": epoch_id, "begun_at": now, "reason": reason, **_columns(before)}
        connection.execute(insert(journal_epochs).values(**begun))
    journal.begin_epoch(epoch_id)


def _has_rows(connection: Connection) -> bool:
    return connection.execute(select(video_events.c.id).limit(1)).first() is not None


def _columns(before: Before) -> dict[str, int]:
    return {f"{name}_before": number for name, number in before._asdict().items()}


def _fault_of(epoch: Epoch, balance: Balance) -> str:
    if epoch.before is not None and not balance.epoch:
        return "Redis was emptied: it does not know this epoch. What waited in it is lost, and so is its ledger."
    if balance.epoch not in {"", epoch.id}:
        return (
            "Redis is in another epoch. Was the database restored from a backup, or is it another deployment's Redis?"
        )
    if epoch.before is None and balance.epoch_begun:
        return "Redis knows more of this epoch than the database, which was restored from a backup of its beginning."
    return ""
