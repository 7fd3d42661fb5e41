"""The servers that accept.py sends reports to: ours, an earlier version, rivals. Each has its own Valkey database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.rivals import EMPTY, SCRIPT, TASK_PER_EVENT, fastify
from benchmarks.servers import Server, web_server, wsgi_server
from benchmarks.traffic import chunks
from benchmarks.versions import PRESENT, Version, checked_out
from pulse_analytics.ingest.journal import scripts

if TYPE_CHECKING:
    from contextlib import ExitStack

    from redis import Redis

    from benchmarks.place import Place

TASK_PER_EVENT_DATABASE = 1
AGAINST_DATABASE = 2
NODE_DATABASES = dict(zip(fastify.PROCESSES, (3, 4), strict=True))
"""Valkey's database numbers; ours is 0."""
_DEDUPE_KEYS = "dedupe:*"
_FORGET = 1_000
"""Keys deleted at a time."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """A server to send reports to."""

    who: str
    port: int
    server: Server | None = None
    """None for Valkey itself."""
    redis: Redis | None = None
    """Where accepted reports wait; None if it does not store them."""
    waits_in: str = "queue:analytics"
    is_list: bool = False
    """Whether reports wait in a Redis list; otherwise in our journal, with a ledger."""
    script: str = ""
    """If given, the port is that of Redis, and this is the script's digest."""
    takes_batches: bool = True
    is_system: bool = False
    """Whether it also gets single POSTs on many connections."""
    is_ours: bool = False
    """Whether it is a version of pulse_analytics, which is also measured beside a neighbour."""

    def accepted(self) -> int:
        """How many reports it has accepted, from the ledger or, without one, how many wait."""
        if self.redis is None:
            return 0
        redis: Any = self.redis
        return int(redis.llen(self.waits_in) if self.is_list else redis.hget("pulse:ledger", "accepted") or 0)

    def forget(self) -> None:
        """Delete waiting reports and dedupe keys, so that every turn starts with an equally empty Valkey."""
        if self.redis is None:
            return
        self.redis.unlink(self.waits_in)
        for keys in chunks(self.redis.scan_iter(_DEDUPE_KEYS, count=_FORGET), _FORGET):
            self.redis.unlink(*keys)

    def cpu_seconds(self) -> float:
        """The CPU time of its web processes."""
        return self.server.cpu_seconds() if self.server else 0.0


def open_doors(place: Place, stack: ExitStack, against: str | None) -> list[Door]:
    """Open all doors, ours first."""
    system = stack.enter_context(place.system("sqlite"))
    digest = system.redis.script_load((Path(scripts.__file__).parent / "lua" / "accept.lua").read_text())
    empty = stack.enter_context(wsgi_server(place.folder, {}, "benchmarks.rivals.empty:app"))
    doors = [_open_version(place, stack, PRESENT, system.env, system.redis)]
    if against:
        version = stack.enter_context(checked_out(against))
        before = stack.enter_context(place.system("sqlite", AGAINST_DATABASE, version=version))
        doors.append(_open_version(place, stack, version, before.env, before.redis))
    return [
        *doors,
        Door(who=EMPTY, port=empty.port, server=empty),
        _open_task_per_event(place, stack),
        *([] if fastify.lacks() else (_open_node(place, stack, processes) for processes in fastify.PROCESSES)),
        Door(who=SCRIPT, port=place.redis_port, redis=system.redis, script=str(digest)),
    ]


def _open_version(place: Place, stack: ExitStack, version: Version, env: dict[str, str], redis: Redis) -> Door:
    server = stack.enter_context(web_server(place.folder, env, version))
    return Door(who=version.who, port=server.port, server=server, redis=redis, is_system=True, is_ours=True)


def _open_task_per_event(place: Place, stack: ExitStack) -> Door:
    env = {"TASK_PER_EVENT_REDIS_URL": place.redis_url(TASK_PER_EVENT_DATABASE)}
    server = stack.enter_context(wsgi_server(place.folder, env, "benchmarks.rivals.task_per_event:app"))
    redis = stack.enter_context(place.redis(TASK_PER_EVENT_DATABASE))
    return Door(
        who=TASK_PER_EVENT,
        port=server.port,
        server=server,
        redis=redis,
        waits_in="celery",
        is_list=True,
        takes_batches=False,
    )


def _open_node(place: Place, stack: ExitStack, processes: int) -> Door:
    number = NODE_DATABASES[processes]
    server = stack.enter_context(fastify.web(place, place.redis_url(number), processes))
    return Door(
        who=fastify.name(processes),
        port=server.port,
        server=server,
        redis=stack.enter_context(place.redis(number)),
        waits_in=fastify.QUEUE,
        is_list=True,
        takes_batches=False,
        is_system=True,
    )
