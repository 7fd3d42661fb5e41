"""Receipts of erasures: the table `erasures`, which holds a user's id for as long as their erasure runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from sqlalchemy import insert, select, update

from pulse_analytics.database.models import erasures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

NOT_ERASED = (
    "Backups of the database and of Redis, and replicas that no longer replicate.",
    "Logs of the web server, of a proxy in front of it and of the database: requests of the admin API name the user.",
    "Redis' append-only file, until Redis rewrites it (BGREWRITEAOF).",
    "Redis' slow log, if a call that names the user was slow (SLOWLOG RESET).",
    "PostgreSQL's dead row versions, until VACUUM, and its archived WAL.",
    "What the viewer's own browser stores: the id, and reports that were not delivered.",
    "Counts of raw events that were archived before, because nobody knows any more whose they were.",
    "A report of this user that arrives later, even a copy of an erased one: it is stored, and counts again.",
)
"""What an erasure does not reach, a sentence each."""


class Erasure(NamedTuple):
    """An erasure: what was requested, and how far it is."""

    id: str
    user_id: str | None
    """None: it is finished, or about to be."""
    with_counts: bool
    requested_at: datetime
    begun_at: datetime | None
    finished_at: datetime | None
    waiting: int
    """Entries of the user that were in the journal when it began."""
    raw_events: int
    dead_letters: int
    """Dropped: dead letters, and entries of events that no worker knows."""
    dedupe_keys: int

    @property
    def status(self) -> str:
        """`waiting`, `running` or `finished`."""
        return "finished" if self.finished_at else "running" if self.begun_at else "waiting"


def request_erasure(connection: Connection, user_id: str, *, with_counts: bool) -> Erasure:
    """The unfinished erasure of this user, or a new one."""
    same = (erasures.c.user_id == user_id) & (erasures.c.with_counts == with_counts)
    erasure_id = connection.scalar(select(erasures.c.id).where(same).limit(1))
    if erasure_id is None:
        erasure_id = str(uuid4())
        asked = {"id": erasure_id, "user_id": user_id, "with_counts": with_counts, "requested_at": datetime.now(UTC)}
        connection.execute(insert(erasures).values(**asked))
    return Erasure._make(connection.execute(select(erasures).where(erasures.c.id == erasure_id)).one())


def find_erasure(connection: Connection, erasure_id: str) -> Erasure | None:
    """The erasure of this id."""
    found = connection.execute(select(erasures).where(erasures.c.id == erasure_id)).first()
    return None if found is None else Erasure._make(found)


def read_again(connection: Connection, erasure: Erasure) -> Erasure:
    """This erasure as it is now."""
    return Erasure._make(connection.execute(select(erasures).where(erasures.c.id == erasure.id)).one())


def unfinished_of(connection: Connection, user_ids: Sequence[str]) -> list[Erasure]:
    """The unfinished erasures of these users."""
    return [Erasure._make(row) for row in connection.execute(select(erasures).where(erasures.c.user_id.in_(user_ids)))]


def begin(connection: Connection, erasure_id: str, waiting: int) -> None:
    """It has begun, and found this many entries in the journal. If it was interrupted, the first time counts."""
    its = (erasures.c.id == erasure_id) & erasures.c.begun_at.is_(None)
    connection.execute(update(erasures).where(its).values(begun_at=datetime.now(UTC), waiting=waiting))


def add(connection: Connection, erasure_id: str, **more: int) -> None:
    """Note that `more` traces are gone."""
    values = {name: erasures.c[name] + number for name, number in more.items()}
    connection.execute(update(erasures).where(erasures.c.id == erasure_id).values(**values))


def forget_user(connection: Connection, erasure_id: str) -> None:
    """Nothing of the user is left, so its own row forgets them, too."""
    connection.execute(update(erasures).where(erasures.c.id == erasure_id).values(user_id=None))


def finish(connection: Connection, erasure_id: str) -> None:
    """It is finished, and so is any that was killed between `forget_user` and this."""
    left = (erasures.c.id == erasure_id) | erasures.c.user_id.is_(None)
    values = {"finished_at": datetime.now(UTC)}
    connection.execute(update(erasures).where(left, erasures.c.finished_at.is_(None)).values(**values))


def as_json(erasure: Erasure) -> dict[str, Any]:
    """The receipt, without the user's id."""
    finished = erasure.finished_at
    return {
        "id": erasure.id,
        "status": erasure.status,
        "requestedAt": erasure.requested_at.isoformat(),
        "finishedAt": finished.isoformat() if finished else None,
        "withCounts": erasure.with_counts,
        "waitingEntries": erasure.waiting,
        "rawEvents": erasure.raw_events,
        "deadLetters": erasure.dead_letters,
        "dedupeKeys": erasure.dedupe_keys,
        "notErased": list(NOT_ERASED),
    }
