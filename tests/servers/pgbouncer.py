"""Debian's PgBouncer in front of a PostgreSQL."""

from __future__ import annotations

import pwd
from typing import TYPE_CHECKING

import psycopg

from tests.facts import wait_until
from tests.servers.debian import find_program
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.postgres import server_user

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.postgres import PostgresServer


class PgBouncer:
    """A PgBouncer in front of all databases of `server`, with its log in `folder`. Call `close` when done."""

    def __init__(
        self, server: PostgresServer, folder: Path, mode: str, *, connections: int = 20, ignored: str = "options"
    ) -> None:
        """`mode`: `pool_mode`. `connections`: to the server, per database. `ignored`: startup parameters to ignore."""
        program = find_program("pgbouncer")
        self.port = free_port()
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": mode,
            "default_pool_size": connections,
            "ignore_startup_parameters": ignored,
            # By default, it retries a server that was down only after 15 s.
            "server_login_retry": 1,
            # It refuses to run as root.
            **({"user": pwd.getpwuid(user).pw_name} if (user := server_user()) is not None else {}),
        }
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "pgbouncer.ini"
        lines = [f"{name} = {value}" for name, value in settings.items()]
        databases = f"* = host=127.0.0.1 port={server.port} user=postgres"
        file.write_text("\n".join(["[databases]", databases, "[pgbouncer]", *lines, ""]), encoding="ascii")
        self.process = LocalProcess([program.path, str(file)], folder, name="pgbouncer", env=program.env)
        self.start()

    def url(self, database: str) -> str:
        """The URL of `database` through PgBouncer."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def version(self) -> str:
        """Its version, like `PgBouncer 1.18.0`."""
        return self.process.logs().decode().partition("process up: ")[2].partition(",")[0]

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process.start()
        wait_until(self.answers)

    def answers(self) -> bool:
        """Whether it accepts a login."""
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def close(self) -> None:
        """End the process."""
        self.process.remove()
