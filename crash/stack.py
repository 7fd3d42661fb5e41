"""The whole stack of one run: Valkey, database, two web processes, two workers, and a link between any two."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from crash.disk import Disk
from crash.errands import Errands
from crash.evidence import KEY
from crash.migrations import HEAD, LAST_EXTRA, Migrations
from crash.parts import Part, revive
from crash.plan import WEBS, WORKERS, list_links
from crash.programs import environment, set_clock, web_process
from pulse_analytics.up.program import http_lacks
from pulse_analytics.up.valkey import valkey_command
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.worker import WorkerContainer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    from crash.database import Database
    from crash.proxy import Link, Network

VALKEY_MEGABYTES = 64
START_SECONDS = 30.0
WORKER_CHILDREN = 2
TICK_SECONDS = 0.02


class Stack:
    """All processes and links of a run. As a context manager, it starts them on entry and kills them on exit."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        network: Network,
        settings: Mapping[str, str] | None = None,
        *,
        can_fill: bool,
        keyed: bool = False,
    ) -> None:
        """`folder` holds data and logs. `settings` are added to those of all processes. `can_fill`: its disks can be
        filled. `keyed`: there is a key of user ids, which web processes only look up until `put_key_first`."""
        self.logs = folder / "log"
        self.database = database
        self.network = network
        self.valkey_disk = Disk(folder / "valkey", VALKEY_MEGABYTES if can_fill else None)
        self.valkey_port = free_port()
        self.redis = Redis(
            port=self.valkey_port,
            decode_responses=True,
            socket_timeout=0.5,
            socket_connect_timeout=0.5,
            retry=Retry(NoBackoff(), 0),
        )
        self.links: dict[str, Link] = {}
        self.parts: dict[str, Part] = {}
        self.kills = 0
        """How many processes the harms have sent SIGKILL."""
        self._settings = settings or {}
        self._keyed = keyed
        self.direct_env = self._environment(database.port, self.valkey_port)
        """The environment of a command that bypasses the links."""
        self.migrations = Migrations(self.logs, self.direct_env)
        self._folder = folder
        self._stop = ExitStack()

    def __enter__(self) -> Self:
        with self._stop:
            self._stop.callback(self._end)
            self.logs.mkdir(exist_ok=True)
            self._make_parts()
            for part in self.parts.values():
                if not part.starts:
                    part.start()
            self.wait_until(lambda: all(self.parts[name].is_ready() for name in ("valkey", *WEBS)), START_SECONDS)
            self._stop = self._stop.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.close()

    def supervise(self) -> None:
        """Restart what ended. Call it often."""
        for part in self.parts.values():
            part.supervise()

    def wait_until(self, true: Callable[[], object], seconds: float) -> bool:
        """Supervise until `true()` is true. Returns whether it became true within `seconds`."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                return False
            self.supervise()
            time.sleep(TICK_SECONDS)
        return True

    def heal(self) -> None:
        """Undo all harm that can be undone from outside, and upgrade the database to the newest migration."""
        for link in self.links.values():
            link.heal()
        for part in self.parts.values():
            part.process.unpause()
        for disk in (self.valkey_disk, self.database.disk):
            if disk is not None:
                disk.make_room()
        for web in WEBS:
            self.shift_clock(web, 0)
        revive(
            [self.parts[name] for name in ("valkey", "database") if name in self.parts], self.wait_until, START_SECONDS
        )
        self.lift_memory_limit()
        self._finish_migrations()

    def shift_clock(self, web: str, nanoseconds: int) -> None:
        """Shift a web process's clock by `nanoseconds`."""
        set_clock(self._clock(web), nanoseconds)

    def put_key_first(self, web: str) -> None:
        """From its next start on, let this web process store user ids as keyed hashes."""
        self._key_file(web).write_text(f"{KEY} plain", encoding="ascii")

    def limit_memory(self, bytes_: int, policy: str) -> None:
        """Set Valkey's memory limit, and its eviction policy at the limit. Raises RedisError."""
        self.redis.config_set("maxmemory-policy", policy)
        self.redis.config_set("maxmemory", bytes_)

    def lift_memory_limit(self) -> None:
        """Undo `limit_memory`. Raises RedisError."""
        # Lift the limit first: below it, the usual policy would evict dedupe keys.
        self.redis.config_set("maxmemory", 0)
        self.redis.config_set("maxmemory-policy", "volatile-ttl")

    def waiting(self) -> int | None:
        """How many entries the journal holds, or None if Valkey does not answer."""
        try:
            return int(str(self.redis.xlen("queue:analytics")))
        except RedisError:
            return None

    def _finish_migrations(self) -> None:
        for _ in range(5):
            revision = self._revision()
            if revision == HEAD:
                return
            beyond = revision in {"crash1", LAST_EXTRA}
            process = self.migrations.come_back() if beyond else self.migrations.upgrade()
            self.wait_until(lambda process=process: process.status == "exited", START_SECONDS)  # type: ignore[misc]
            process.remove()

    def _revision(self) -> str:
        try:
            rows = self.database.read("SELECT version_num FROM alembic_version")
        except Exception:  # noqa: BLE001 - either driver's Error: the table is not there yet
            return ""
        return str(rows[0][0]) if rows else ""

    def _make_parts(self) -> None:
        for name in list_links("postgresql" if self.database.port else "sqlite"):
            client, _, server = name.partition(">")
            if client != "client":
                port = self.valkey_port if server == "valkey" else self.database.port
                self.links[name] = self.network.link(port or 0)
        valkey = LocalProcess(valkey_command(self.valkey_disk.folder, self.valkey_port), self.logs, name="valkey")
        self.parts["valkey"] = Part("valkey", valkey, lambda: self.waiting() is not None)
        if self.database.part is not None:
            self.parts["database"] = self.database.part
        for name in WEBS:
            self.parts[name] = self._web(name)
        for name in WORKERS:
            self.parts[name] = self._worker(name)
        self.errands = Errands(self.logs, self._env(WORKERS[0]))

    def _web(self, name: str) -> Part:
        port = free_port()
        self.links[f"client>{name}"] = self.network.link(port)
        self.shift_clock(name, 0)
        process = web_process(name, port, self.logs, self._env(name), self._clock(name))
        return Part(name, process, lambda: http_lacks(port, "/healthz") is None)

    def _worker(self, name: str) -> Part:
        process = WorkerContainer(self.logs, self._env(name), WORKER_CHILDREN, name).process
        return Part(name, process, lambda: b" ready." in process.logs())

    def _env(self, name: str) -> dict[str, str]:
        """The environment of a part, which reaches its servers through its links."""
        database = self.links.get(f"{name}>database")
        env = self._environment(database.port if database else None, self.links[f"{name}>valkey"].port)
        if self._keyed:
            self._key_file(name).write_text(f"plain {KEY}" if name in WEBS else f"{KEY} plain", encoding="ascii")
            env["PULSE_USER_ID_KEY_FILE"] = str(self._key_file(name))
        return env

    def _environment(self, database: int | None, valkey: int) -> dict[str, str]:
        """The environment of a program that reaches its servers at these ports."""
        env = environment(self.logs, self.database.url(database), f"redis://127.0.0.1:{valkey}/0")
        return {**env, **self._settings}

    def _key_file(self, name: str) -> Path:
        return self._folder / f"{name}.key"

    def _clock(self, web: str) -> Path:
        return self._folder / f"{web}.clock"

    def _end(self) -> None:
        # Clients before servers, so that they do not fill their logs. Other runs use the database's server, too.
        for name, part in reversed(self.parts.items()):
            if name != "database":
                part.remove()
        for link in self.links.values():
            link.close()
        self.redis.close()
        self.valkey_disk.close()
