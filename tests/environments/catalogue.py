"""The environments: the servers that each starts, and which of them is killed while events flow."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from crash.parts import Part
from tests.environments.secure_redis import SecureRedis
from tests.servers.debian import find_program
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgres import PostgresServer
from tests.servers.sentinels import watched
from tests.servers.valkey import ValkeyContainer, start_valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.servers.debian import Program
    from tests.servers.local_process import LocalProcess


class Running(NamedTuple):
    """The servers of an environment."""

    redis_urls: list[str]
    """One for each deployment."""
    database_urls: list[str]
    postgresql: PostgresServer
    victim: Part | None = None
    """None: the worker of the first deployment."""
    comes_back: bool = True
    """Whether it is started again."""
    also: str = ""
    """What else there is, with its version."""
    settings: dict[str, str] = {}  # noqa: RUF012 - nobody changes it
    """Of all deployments, besides the URLs."""
    redis_server_url: str = ""
    """Of one server, where the URLs are not."""

    def versions(self) -> str:
        """The versions of all servers."""
        redis = _redis_version(self.redis_server_url or self.redis_urls[0])
        return ", ".join(filter(None, [redis, _postgresql_version(self), self.also]))


@contextmanager
def sentinel(folder: Path) -> Iterator[Running]:
    """Three Sentinels, a primary and two replicas, one of which must have each event. The primary is killed."""
    with watched(folder, replicas=2) as servers, _postgresql() as postgresql:
        primary = servers.primary()
        yield Running(
            [servers.url],
            [postgresql.url("pulse")],
            postgresql,
            part("the primary", primary.process, lambda: pongs(primary.url)),
            comes_back=False,
            also="3 Sentinels",
            settings={"PULSE_REDIS_REPLICAS": "1"},
            redis_server_url=servers.servers[-1].url,
        )


@contextmanager
def pgbouncer_of_sessions(folder: Path) -> Iterator[Running]:
    """The pooler is killed."""
    with _pooled(folder, "session", connections=20) as (redis, postgresql, pooler):
        victim = part("PgBouncer", pooler.process, pooler.answers)
        yield Running([redis.url], [pooler.url("pulse")], postgresql, victim, also=pooler.version())


@contextmanager
def pgbouncer_of_transactions(folder: Path) -> Iterator[Running]:
    """Processes share two server connections; a worker is killed during its transactions."""
    with _pooled(folder, "transaction", connections=2) as (redis, postgresql, pooler):
        yield Running([redis.url], [pooler.url("pulse")], postgresql, also=pooler.version())


@contextmanager
def redis_of_debian(folder: Path) -> Iterator[Running]:
    """Redis is killed."""
    with _servers(folder, redis_program=find_program("redis-server")) as (redis, postgresql):
        victim = part("Redis", redis.process, lambda: pongs(redis.url))
        yield Running([redis.url], [postgresql.url("pulse")], postgresql, victim)


@contextmanager
def postgresql_15(folder: Path) -> Iterator[Running]:
    """PostgreSQL is killed, with all its backends."""
    with _servers(folder, postgresql_program=find_program("postgres")) as (redis, postgresql):
        victim = part("PostgreSQL", postgresql.process, lambda: _lets_in(postgresql.url("pulse")), outlived=True)
        yield Running([redis.url], [postgresql.url("pulse")], postgresql, victim)


@contextmanager
def tls_and_acl(folder: Path) -> Iterator[Running]:
    """`rediss://` with its own CA, and a user who has only the documented rights. Redis is killed."""
    with closing(SecureRedis(folder / "redis")) as redis, _postgresql() as postgresql:
        victim = part("Redis", redis.process, redis.answers)
        yield Running([redis.url], [postgresql.url("pulse")], postgresql, victim, also="TLS")


@contextmanager
def two_deployments(folder: Path) -> Iterator[Running]:
    """Two deployments on the databases 0 and 1 of one Redis. A worker of the first is killed."""
    with _servers(folder) as (redis, postgresql):
        urls = [redis.url, f"{redis.url.removesuffix('/0')}/1"]
        yield Running(urls, [postgresql.url("pulse"), postgresql.create_database("pulse_1")], postgresql)


ENVIRONMENTS: dict[str, Callable[[Path], AbstractContextManager[Running]]] = {
    "Sentinel": sentinel,
    "PgBouncer, sessions": pgbouncer_of_sessions,
    "PgBouncer, transactions": pgbouncer_of_transactions,
    "Debian's Redis": redis_of_debian,
    "PostgreSQL 15": postgresql_15,
    "TLS and ACL": tls_and_acl,
    "Two on one Redis": two_deployments,
}
"""What starts the servers of each, in a folder; it raises Missing if one of their programs is."""


@contextmanager
def _servers(
    folder: Path, *, redis_program: Program | None = None, postgresql_program: Program | None = None
) -> Iterator[tuple[ValkeyContainer, PostgresServer]]:
    redis = start_valkey(folder / "redis", redis_program)
    try:
        with _postgresql(postgresql_program) as postgresql:
            yield redis, postgresql
    finally:
        redis.teardown()


@contextmanager
def _postgresql(program: Program | None = None) -> Iterator[PostgresServer]:
    with PostgresServer(program=program) as postgresql:
        postgresql.create_database("pulse")
        yield postgresql


@contextmanager
def _pooled(
    folder: Path, mode: str, *, connections: int
) -> Iterator[tuple[ValkeyContainer, PostgresServer, PgBouncer]]:
    find_program("pgbouncer")  # Before anything is started for nothing.
    with _servers(folder) as (redis, postgresql):
        with psycopg.connect(postgresql.url(), autocommit=True) as connection:
            connection.execute("ALTER DATABASE pulse SET synchronous_commit = off")
        with closing(PgBouncer(postgresql, folder / "pgbouncer", mode, connections=connections)) as pooler:
            yield redis, postgresql, pooler


def part(name: str, process: LocalProcess, is_ready: Callable[[], bool], *, outlived: bool = False) -> Part:
    """A running server, as a part that is restarted when it is killed."""
    part = Part(name, process, is_ready, outlived=outlived)
    part.starts = 1
    return part


def _redis_version(url: str) -> str:
    with Redis.from_url(url, decode_responses=True) as client:
        about: Any = client.info("server")
    return f"Valkey {about['valkey_version']}" if "valkey_version" in about else f"Redis {about['redis_version']}"


def _postgresql_version(running: Running) -> str:
    with psycopg.connect(running.postgresql.url()) as connection:
        return f"PostgreSQL {connection.info.server_version // 10_000}.{connection.info.server_version % 10_000}"


def pongs(url: str) -> bool:
    """Whether a Redis answers at this URL."""
    try:
        with Redis.from_url(url, socket_timeout=1) as client:
            return bool(client.ping())
    except RedisError:
        return False


def _lets_in(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
