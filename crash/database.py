"""The run's database, created at the migration that the plan chose: the protocol, and SQLite's implementation."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from crash.disk import Disk
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from crash.parts import Part

MEGABYTES = 32
LOCK_WAIT_SECONDS = 0.3


class Databases(Protocol):
    """Creates a database for each run."""

    def new(self, folder: Path, revision: str) -> Database:
        """A new database at `revision`, with its own files in `folder`."""

    def close(self) -> None:
        """End the server, if there is one."""


class Database(Protocol):
    """The database of one run."""

    part: Part | None
    """Its server process, if it has one."""
    disk: Disk | None
    """The disk that holds its data, if that disk can be filled."""
    port: int | None
    """Its server's port, if it has one."""

    def url(self, port: int | None) -> str:
        """Its URL, for PULSE_DATABASE_URL; through `port` if given."""

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, read directly and not through the application. Raises the driver's Error."""

    def run(self, script: str) -> None:
        """Run statements. Raises the driver's Error."""

    def locked(self) -> AbstractContextManager[None]:
        """Hold a lock that stops all counting while this context lasts. Raises the driver's Error on a lock timeout."""

    def need_new_file(self) -> None:
        """Make the server's write-ahead log need a new file, which does harm only on a full disk."""

    def close(self) -> None:
        """Delete it."""


class SqliteDatabases:
    """SQLite files: one for each run."""

    def __init__(self, folder: Path, *, can_fill: bool) -> None:
        self._folder = folder
        self._can_fill = can_fill
        self._templates: dict[str, Path] = {}

    def new(self, folder: Path, revision: str) -> Database:
        """A database at `revision`, in `folder`."""
        if revision not in self._templates:
            self._templates[revision] = self._folder / f"{revision}.db"
            upgrade(f"sqlite:///{self._templates[revision]}", revision, self._folder)
        disk = Disk(folder / "sqlite", MEGABYTES if self._can_fill else None)
        shutil.copy(self._templates[revision], disk.folder / "pulse.db")
        return SqliteDatabase(disk)

    def close(self) -> None:
        """Nothing to do: there is no server."""


class SqliteDatabase:
    """One SQLite file."""

    def __init__(self, disk: Disk) -> None:
        self.part: Part | None = None
        self.port: int | None = None
        self.disk: Disk | None = disk
        self._file = disk.folder / "pulse.db"

    def url(self, port: int | None) -> str:
        return f"sqlite:///{self._file}"

    def read(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._file, timeout=5)) as connection:
            return list(connection.execute(query))

    def run(self, script: str) -> None:
        with closing(sqlite3.connect(self._file, timeout=5)) as connection:
            connection.executescript(script)

    @contextmanager
    def locked(self) -> Iterator[None]:
        with closing(sqlite3.connect(self._file, timeout=LOCK_WAIT_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    def need_new_file(self) -> None:
        """Nothing to do: its log is a single file."""

    def close(self) -> None:
        if self.disk is not None:
            self.disk.close()


def upgrade(url: str, revision: str, folder: Path) -> None:
    """Bring the database at `url` to `revision`. Raises CalledProcessError."""
    env = {**os.environ, "PULSE_DATABASE_URL": url, "PULSE_DATA_DIR": str(folder)}
    # `upgrade base` does not exist; `current` creates SQLite's file.
    words = ["current"] if revision == "base" else ["upgrade", revision]
    subprocess.run([sys.executable, "-m", "pulse_analytics", "db", *words], env=env, cwd=ROOT, check=True)
