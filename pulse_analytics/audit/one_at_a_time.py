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
_ANOTHER = "Another rebuild of this database is running: wait until it ends."


class CannotRebuild(Exception):
    """The lock cannot be held. The message says why, and what to do."""


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Hold the lock that makes this the only rebuild of the database of `connection`. The lock dies with its holder.

    Raises CannotRebuild if another rebuild holds it, behind a pooler, and if SQLite's lock file cannot be opened.
    """
    hold = _postgresql_lock if connection.dialect.name == "postgresql" else _sqlite_lock
    with hold(connection):
        yield


@contextmanager
def _postgresql_lock(connection: Connection) -> Iterator[None]:
    # The session that holds the lock also corrects the counters: if the lock is lost, so is the session.
    if is_pooled(connection):
        # A lock of the pooler's session could outlive its holder, or be shared with another.
        raise CannotRebuild(
            "PULSE_DATABASE_URL leads to a connection pooler, and a rebuild needs a session of its own: run it again "
            "with PULSE_DATABASE_URL set to PostgreSQL itself."
        )
    with connection.begin():
        if not connection.scalar(select(func.pg_try_advisory_lock(_LOCK_ID))):
            raise CannotRebuild(_ANOTHER)
    yield
    # Do not unlock after a failure: the connection may be lost, and the lock ends with it.
    with connection.begin():
        connection.execute(select(func.pg_advisory_unlock(_LOCK_ID)))


@contextmanager
def _sqlite_lock(connection: Connection) -> Iterator[None]:
    # A separate file, because closing another descriptor of the database would drop SQLite's own locks. It is not
    # removed afterwards, because another rebuild could then lock a new file of the same name.
    database = Path(connection.engine.url.database or "").resolve()
    try:
        file = database.with_name(f"{database.name}-rebuild").open("a")
    except OSError as error:
        raise CannotRebuild(f"Cannot lock the database for a rebuild: {error}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotRebuild(_ANOTHER) from error
        yield
