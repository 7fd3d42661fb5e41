"""The run's database, new, at the migration that the plan says; and the one on SQLite."""

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
    """Makes a database for each run."""

    def new(self, folder: Path, revision: str) -> Database:
        """A database at `revision`; what it needs of its own lies in `folder`."""

    def close(self) -> None:
        """End what runs."""


class Database(Protocol):
    """The database of one run."""

    part: Part | None
    """Its server, if it has one."""
    disk: Disk | None
    """Where its data lies, if that can be filled."""
    port: int | None
    """Its server's, if it has one."""

    def url(self, port: int | None) -> str:
        """Its URL, for PULSE_DATABASE_URL; by way of `port` if given."""

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, past the application. Raises the driver's Error."""

    def locked(self) -> AbstractContextManager[None]:
        """Nobody else can count while this context lasts. Raises the driver's Error if it cannot be had soon."""

    def need_new_file(self) -> None:
        """Have the server's log need a new file; only on a full disk does that hurt."""

    def close(self) -> None:
        """Throw it away."""


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
        """Nothing runs."""


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

    @contextmanager
    def locked(self) -> Iterator[None]:
        with closing(sqlite3.connect(self._file, timeout=LOCK_WAIT_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    def need_new_file(self) -> None:
        """Its log is one file."""

    def close(self) -> None:
        if self.disk is not None:
            self.disk.close()


def upgrade(url: str, revision: str, folder: Path) -> None:
    """Bring the database at `url` to `revision`. Raises CalledProcessError."""
    env = {**os.environ, "PULSE_DATABASE_URL": url, "PULSE_DATA_DIR": str(folder)}
    # There is no way up to the base; asking where it is makes SQLite's file.
    words = ["current"] if revision == "base" else ["upgrade", revision]
    subprocess.run([sys.executable, "-m", "pulse_analytics", "db", *words], env=env, cwd=ROOT, check=True)
