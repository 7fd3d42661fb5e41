"""SQLite, set so that what is committed is on the disk, and that writers wait for each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from pulse_analytics.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from pulse_analytics.config import Settings

_WAL_BYTES = 64 * 1024 * 1024
"""What the WAL file is cut back to once its content is in the database."""

WRITING = "pulse_writing"
"""The execution option of transactions that write: they take the write lock at their start."""


def engine_options(settings: Settings) -> dict[str, object]:
    """SQLAlchemy's options for the engine."""
    return {"connect_args": {"timeout": settings.database_timeout_seconds}}


def prepare(engine: Engine, _settings: Settings) -> None:
    """Make the folder of the database, and set up every connection. Raises ConfigError if it cannot be made."""
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
    # Python's own BEGIN comes too late (before the first write); `_begin` says it instead.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    # NORMAL may lose, at a power failure, a commit whose journal entry is already settled.
    connection.execute("PRAGMA synchronous = FULL")
    # Else a WAL that once grew, beside a long read, keeps its size: 355 MB were seen.
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
    # However SQLite was built: what a recount of millions of rows sets aside belongs on the disk.
    connection.execute("PRAGMA temp_store = FILE")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
