"""SQLite, set up so that a commit is on the disk, and that writers wait for each other."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from sqlite3 import Error
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from pulse_analytics.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from pulse_analytics.config import Settings

_WAL_BYTES = 64 * 1024 * 1024
"""The size to which the WAL file is truncated after a checkpoint. Chosen, not measured."""

_CHECKPOINT_MS = 100
_CHECKPOINT_TRIES = 5
_CHECKPOINT_PAUSE_SECONDS = 0.2
"""`checkpoint` waits this long for readers, this often, with this pause. While it waits, nobody can write. Chosen, not
measured."""

WRITING = "pulse_writing"
"""The execution option of transactions that write, which take the write lock at their start."""


def engine_options(settings: Settings) -> dict[str, object]:
    """SQLAlchemy's options for the engine."""
    return {"connect_args": {"timeout": settings.database_timeout_seconds}}


def prepare(engine: Engine, _settings: Settings) -> None:
    """Make the folder of the database, and set up every connection. Raises ConfigError if the folder cannot be made."""
    if engine.url.database:
        _make_folder(Path(engine.url.database).parent)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"The folder of PULSE_DATABASE_URL cannot be made: {error}.") from error


def _configure(connection: Any, _record: object) -> None:
    # Python's own BEGIN comes too late (before the first write); `_begin` sends it instead.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    # With NORMAL, a power failure may lose a commit whose journal entry is already settled.
    connection.execute("PRAGMA synchronous = FULL")
    # Otherwise a WAL that has grown during a long read keeps its size: it reached 355 MB.
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
    # Some builds of SQLite default to memory, but a recount sorts millions of rows: temporary data belongs on the disk.
    connection.execute("PRAGMA temp_store = FILE")
    # Overwrite deleted rows with zeros, or their user ids can still be read in the file. It must be on while rows are
    # inserted, too: a page that is split keeps a copy of what moved to another one. No price of it could be measured;
    # Debian's SQLite has it on by default.
    connection.execute("PRAGMA secure_delete = ON")


def checkpoint(engine: Engine) -> bool:
    """Move the WAL file into the database and empty it, because deleted rows can be read in it.

    Returns False if others read or wrote for too long, and the file is still there. Raises SQLAlchemyError.
    """
    raw = engine.raw_connection()  # SQLAlchemy's own would begin a transaction, in which no checkpoint is possible.
    raw.detach()  # The next user of a pooled connection would have its timeout.
    with closing(raw):
        try:
            raw.cursor().execute(f"PRAGMA busy_timeout = {_CHECKPOINT_MS}")
            # Most of the work, during which others can write.
            raw.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
            return any(_empties_wal(raw.cursor()) for _ in range(_CHECKPOINT_TRIES))
        except Error as error:
            raise OperationalError("PRAGMA wal_checkpoint", None, error) from error


def _empties_wal(cursor: Any) -> bool:
    [busy, *_] = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        time.sleep(_CHECKPOINT_PAUSE_SECONDS)
    return not busy


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
