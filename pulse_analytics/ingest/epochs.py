"""Epochs link the two books: the ledger in Redis, which counts settled entries, and the raw events in the database.

Each book alone cannot show a loss in the other: after a database is restored from a backup, or Redis is emptied, each
still adds up by itself. So both know the epoch that they are in, and since that epoch began

    settled_new  <=  rows  <=  settled_new + settled_known + taken

Rows that were archived, or erased with their counts, count as well.

A worker settles an entry as new if it inserted the entry's row, and as known if the row already existed. In the second
case another worker inserted the row, and may have died before it settled the entry. A taken entry may already have its
row.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from sqlalchemy import insert, select, update

from pulse_analytics.database import db, writing
from pulse_analytics.database.models import erasures, journal_epochs, video_events, video_events_archived

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from pulse_analytics.ingest.journal import Journal
    from pulse_analytics.ingest.journal.figures import Balance


class Before(NamedTuple):
    """The figures of both books when an epoch began."""

    rows: int
    settled: int
    """Read before `rows` was counted, because an entry settled later may also have its row later."""
    settled_new: int
    """Read after `rows` was counted, like `taken`."""
    taken: int
    """Entries that a worker had taken: their rows may be of before the epoch, but they are settled as new within it."""


class Epoch(NamedTuple):
    """A period that both books cover."""

    id: str
    begun_at: datetime
    reason: str
    before: Before | None
    """None: Redis does not know this epoch yet."""


class Join(NamedTuple):
    """The figures of both books since the epoch began."""

    rows: int
    settled_new: int
    settled_known: int
    taken: int
    taken_before: int
    fault: str
    """Why the two books cannot be compared, in one sentence; empty: they can."""

    @property
    def least(self) -> int:
        """The least number of rows that fits the ledger."""
        return self.settled_new - self.taken_before

    @property
    def most(self) -> int:
        """The greatest number of rows that fits the ledger."""
        return self.settled_new + self.settled_known + self.taken

    def faults(self) -> list[str]:
        """What does not add up, one sentence each."""
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
                f"There are too many raw events: {settled}. Was Redis restored from a backup, or were rows inserted?"
            ]
        return []


class AnotherEpoch(Exception):
    """Another command has begun an epoch in the meantime."""


def current_epoch(connection: Connection) -> Epoch:
    """The epoch that the database is in."""
    row = connection.execute(select(journal_epochs).where(journal_epochs.c.ended_at.is_(None))).mappings().one()
    before = None if row["rows_before"] is None else Before(*(int(row[f"{name}_before"]) for name in Before._fields))
    return Epoch(row["id"], row["begun_at"], row["reason"], before)


def join(epoch: Epoch, earlier: Balance, rows: int, later: Balance) -> Join:
    """Compare `rows`, counted in a snapshot of the database, with the ledger before (`earlier`) and after it (`later`).

    Two readings of the ledger make this right while events flow: an entry settled as new `earlier` has its row in the
    snapshot, and the entry of a row in the snapshot is settled or taken `later`.
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
    """Write the epoch of the database to Redis if the database has never held raw events. If it has, an audit does it,
    because that counts them.

    Raises RedisError or SQLAlchemyError.
    """
    with db.engine.connect() as connection:
        epoch = current_epoch(connection)
        if epoch.before is not None or _has_rows(connection):
            return
    earlier = journal.balance()
    with db.engine.connect() as connection:  # Another snapshot, after `earlier`.
        if _has_rows(connection):
            return
    later = journal.balance()
    if not _fault_of(epoch, later):
        adopt(journal, epoch, Before(0, earlier.settled, later.settled_new, later.pending))


def adopt(journal: Journal, epoch: Epoch, before: Before) -> None:
    """Write an epoch of the database, which began with `before`, to Redis, unless Redis is already in another one.

    The order matters: if this is interrupted, the next call does it again, and a database that was restored from a
    backup is not mistaken for an interrupted call.
    """
    if journal.enter_epoch(epoch.id) != epoch.id:
        return
    with writing(db.engine).begin() as connection:
        unknown = (journal_epochs.c.id == epoch.id) & journal_epochs.c.rows_before.is_(None)
        connection.execute(update(journal_epochs).where(unknown).values(**_columns(before)))
    journal.begin_epoch(epoch.id)


def begin_epoch(journal: Journal, epoch: Epoch, reason: str, faults: Sequence[str], before: Before) -> None:
    """End `epoch`, keep its faults on record, and begin another epoch for both books. Raises AnotherEpoch."""
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
    tables = (video_events, video_events_archived, erasures)
    return any(connection.execute(select(table).limit(1)).first() is not None for table in tables)


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
