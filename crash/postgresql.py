"""The run's database on PostgreSQL: one server for all runs, a database for each."""

from __future__ import annotations

import shutil
import signal
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from crash.database import LOCK_WAIT_SECONDS, upgrade
from crash.disk import Disk
from crash.parts import Part
from tests.servers.postgres import PostgresServer, server_user

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crash.database import Database

MEGABYTES = 320


class PostgresDatabases:
    """Databases of one PostgreSQL: one for each run."""

    def __init__(self, folder: Path, *, can_fill: bool) -> None:
        self._folder = folder
        self._disk = Disk(folder / "postgres", MEGABYTES, server_user()) if can_fill else None
        self._server = PostgresServer(self._disk.folder if self._disk else None)
        self._server.start()
        # With the default limits the write-ahead log could outgrow the disk.
        with psycopg.connect(self._server.url(), autocommit=True) as connection:
            for setting in ("max_wal_size = '64MB'", "min_wal_size = '32MB'"):
                connection.execute(f"ALTER SYSTEM SET {setting}".encode())
            connection.execute("SELECT pg_reload_conf()")
        self._templates: set[str] = set()
        self._runs = 0

    def new(self, folder: Path, revision: str) -> Database:
        """A database at `revision`."""
        self._server.start()
        template = f"template_{revision}"
        if revision not in self._templates:
            self._server.drop_database(template)
            upgrade(self._server.create_database(template), revision, self._folder)
            self._templates.add(revision)
        self._runs += 1
        self._server.create_database(f"crash_{self._runs}", template)
        return PostgresDatabase(self._server, f"crash_{self._runs}", self._disk, folder)

    def close(self) -> None:
        """End the server."""
        self._server.kill()
        self._server.close()
        if self._disk is not None:
            self._disk.close()


class PostgresDatabase:
    """One database of a PostgreSQL."""

    def __init__(self, server: PostgresServer, name: str, disk: Disk | None, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._name = name
        self.disk = disk
        self.port: int | None = server.port
        # On SIGTERM it refuses new clients and waits for the others to leave; then SIGINT, as an operator would.
        self.part: Part | None = Part(
            "database",
            server.process,
            self._answers,
            urgent_signal=signal.SIGINT,
            urgent_after_seconds=1.5,
            outlived=True,
        )
        self.part.starts = 1

    def url(self, port: int | None) -> str:
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{self._name}"

    def read(self, query: str) -> list[tuple[Any, ...]]:
        with self._connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def run(self, script: str) -> None:
        with self._connect() as connection:
            connection.execute(script.encode())

    @contextmanager
    def locked(self) -> Iterator[None]:
        with closing(self._connect()) as connection:
            connection.execute(f"SET lock_timeout = {int(LOCK_WAIT_SECONDS * 1000)}".encode())
            connection.execute("LOCK TABLE video_metrics IN EXCLUSIVE MODE")
            yield

    def need_new_file(self) -> None:
        with self._connect(autocommit=True) as connection:
            for _ in range(4):
                connection.execute("SELECT pg_switch_wal()")
                connection.execute("SELECT pg_logical_emit_message(true, 'crash', 'one record in the new file')")

    def close(self) -> None:
        try:
            self._server.drop_database(self._name)
        except psycopg.OperationalError:
            # It did not come back, as the verdict says. Keep its log as evidence: the next run starts a new one.
            shutil.copy(self._server.process.log_file, self._folder)
            self._server.kill()

    def _connect(self, *, autocommit: bool = False) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.url(None), connect_timeout=2, autocommit=autocommit)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.Error:
            return False
        return True
