"""One rebuild at a time: two would each add the missing amount to a counter."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pulse_analytics.database.postgresql import is_pooled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

_LOCK_ID = int.from_bytes(b"rebuild", "big")


class AnotherRebuild(Exception):
    """Another rebuild of this database is running."""


class NotOurSession(Exception):
    """The database's session belongs to a pooler: a lock of it could outlive its holder, or be shared with another."""


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Hold the lock that makes this the only rebuild of the database of `connection`. The lock dies with its holder.

    Raises AnotherRebuild if another rebuild holds it, NotOurSession behind a pooler, and OSError if SQLite's lock file
    cannot be opened.
    """
    hold = _postgresql_lock if connection.dialect.name == "postgresql" else _sqlite_lock
    with hold(connection):
        yield


@contextmanager
def _postgresql_lock(connection: Connection) -> Iterator[None]:
    # The session that holds the lock also corrects the counters: if the lock is lost, so is the session.
    if is_pooled(connection):
        raise NotOurSession
    with connection.begin():
        if not connection.scalar(select(func.pg_try_advisory_lock(_LOCK_ID))):
            raise AnotherRebuild
    yield
    # Do not unlock after a failure: the connection may be lost, and the lock ends with it.
    with connection.begin():
        connection.execute(select(func.pg_advisory_unlock(_LOCK_ID)))


@contextmanager
def _sqlite_lock(connection: Connection) -> Iterator[None]:
    # A separate file, because closing another descriptor of the database would drop SQLite's own locks. It is not
    # removed afterwards, because another rebuild could then lock a new file of the same name.
    database = Path(connection.engine.url.database or "").resolve()
    with database.with_name(f"{database.name}-rebuild").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AnotherRebuild from error
        yield
