"""One rebuild at a time: two would both add what a counter lacks."""

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
    """Another rebuild of this database runs."""


class NotOurSession(Exception):
    """The database's session is a pooler's: a lock on it could outlive its holder, or be another's."""


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Be the only rebuild of the database of `connection`. The lock dies with its holder.

    Raises AnotherRebuild if another has it, NotOurSession behind a pooler, and OSError if SQLite's lock file cannot be
    had.
    """
    hold = _postgresql_lock if connection.dialect.name == "postgresql" else _sqlite_lock
    with hold(connection):
        yield


@contextmanager
def _postgresql_lock(connection: Connection) -> Iterator[None]:
    # It is the session's, and that session is what mends: when one is lost, so is the other.
    if is_pooled(connection):
        raise NotOurSession
    with connection.begin():
        if not connection.scalar(select(func.pg_try_advisory_lock(_LOCK_ID))):
            raise AnotherRebuild
    yield
    # Not if it failed: then it may be lost, and what is left of it ends with the connection.
    with connection.begin():
        connection.execute(select(func.pg_advisory_unlock(_LOCK_ID)))


@contextmanager
def _sqlite_lock(connection: Connection) -> Iterator[None]:
    # A file of its own: closing another descriptor of the database would drop SQLite's own locks. It stays: a file that
    # is removed can be locked once more under the same name.
    database = Path(connection.engine.url.database or "").resolve()
    with database.with_name(f"{database.name}-rebuild").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AnotherRebuild from error
        yield
