"""How Redis is reached: clients, and the connection that a thread or an event loop keeps for its scripts.

With Sentinels, each new connection first asks them for the primary.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import hiredis
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.retry import Retry

from pulse_analytics.config import CONNECTION_TRUST_SECONDS, SENTINELS_PATIENCE
from pulse_analytics.ingest.journal.primary import AsyncPrimary, Primary
from pulse_analytics.redis_urls import read_redis_url

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from pulse_analytics.config import Settings

    Command: TypeAlias = Sequence[str | int]


def connect_redis(settings: Settings) -> Redis:
    """A client that gives up after one try of `redis_timeout_seconds`. Connects when it is first used."""
    # redis-py's default of ten retries makes a dead server cost 26 s.
    redis: Redis = _connect(settings, Redis, Primary, Retry(NoBackoff(), 0))
    return redis


def connect_redis_on_loop(settings: Settings) -> AsyncRedis:
    """The same for an event loop."""
    redis: AsyncRedis = _connect(settings, AsyncRedis, AsyncPrimary, AsyncRetry(NoBackoff(), 0))
    return redis


def _connect(settings: Settings, client: Any, primary: Any, retry: object) -> Any:
    options = {**_options(settings), "retry": retry}
    place = read_redis_url(settings.redis_url)
    if place is None:
        return client.from_url(settings.redis_url, **options)
    asking = place.asking(settings.redis_timeout_seconds * SENTINELS_PATIENCE)
    return primary(place.hosts, sentinel_kwargs=asking).master_for(place.name, **place.server_options, **options)


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "decode_responses": True,
        # Bytes that are not UTF-8 become lone surrogates, so that a foreign entry can be read, and parked.
        "encoding_errors": "surrogateescape",
        "protocol": 2,
        "socket_timeout": settings.redis_timeout_seconds,
        "socket_connect_timeout": settings.redis_timeout_seconds,
    }


class _Kept(threading.local):
    """A thread's connection."""

    connection: Any = None
    process = 0
    """The id of the process that made it: a forked process must not use its parent's connection."""
    used_at = 0.0


class ThreadConnection:
    """The calling thread's own connection to the server of `redis`, opened at its first command, and kept.

    Without the locks and checks of redis-py's pool, a command costs half.
    """

    def __init__(self, redis: Redis) -> None:
        self._pool = redis.connection_pool
        self._kept = _Kept()

    def ask(self, *commands: Command) -> list[Any]:
        """The answers to commands, which are sent in one write.

        Raises RedisError: the first answer that is an error, or another one if not all answers arrived. In the second
        case the connection is closed, so that the next command never reads a late answer as its own.
        """
        connection = self._get()
        try:
            if not connection.is_connected:
                connection.connect()  # Without this, redis-py does not ask Sentinels.
            connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            answers = [_read(connection) for _ in commands]
        except BaseException:
            connection.disconnect()
            raise
        self._kept.used_at = time.monotonic()
        return _without_errors(answers)

    def _get(self) -> Any:
        """The connection. If Redis has closed it, it reconnects, so that its next command does not fail."""
        kept = self._kept
        if kept.process != os.getpid():
            kept.connection = self._pool.connection_class(**self._pool.connection_kwargs)
            kept.process = os.getpid()
        elif time.monotonic() - kept.used_at > CONNECTION_TRUST_SECONDS and kept.connection.is_connected:
            _drop_if_closed(kept.connection)
        return kept.connection


class LoopConnection:
    """An event loop's own connection, opened at its first command. One `ask` at a time."""

    def __init__(self, redis: AsyncRedis) -> None:
        self._pool = redis.connection_pool  # Its connections ask it for the primary.
        self._connection: Any = self._pool.connection_class(**self._pool.connection_kwargs)
        self._used_at = 0.0

    async def ask(self, *commands: Command) -> list[Any]:
        """The answers to commands, which are sent in one write.

        Raises RedisError like ThreadConnection.ask. If not all answers arrived, or if this is cancelled, the connection
        is closed.
        """
        connection = self._connection
        try:
            if time.monotonic() - self._used_at > CONNECTION_TRUST_SECONDS and connection.is_connected:
                await _disconnect_if_closed(connection)
            if not connection.is_connected:
                await connection.connect()
            # redis-py packs in C for threads only.
            packed = b"".join(hiredis.pack_command(tuple(command)) for command in commands)  # type: ignore[arg-type]
            await connection.send_packed_command(packed, check_health=False)
            answers = [await _read_on_loop(connection) for _ in commands]
        except BaseException as error:
            await connection.disconnect(nowait=True)
            if isinstance(error, RuntimeError):  # uvloop's, if Redis hangs up while we connect.
                raise RedisConnectionError(f"The connection was lost: {error}.") from error
            raise
        self._used_at = time.monotonic()
        return _without_errors(answers)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.disconnect()


def _without_errors(answers: list[Any]) -> list[Any]:
    """The answers. Raises the first one that is an error."""
    for answer in answers:
        if isinstance(answer, ResponseError):
            raise answer
    return answers


async def _read_on_loop(connection: Any) -> Any:
    try:
        return await connection.read_response(disconnect_on_error=False)
    except ResponseError as error:
        return error


async def _disconnect_if_closed(connection: Any) -> None:
    try:
        readable = await connection.can_read()
    except RedisConnectionError:
        readable = True
    if readable:
        await connection.disconnect(nowait=True)


def _read(connection: Any) -> Any:
    """The next answer, even if it is an error."""
    try:
        return connection.read_response()
    except ResponseError as error:
        return error


def _drop_if_closed(connection: Any) -> None:
    try:
        readable = connection.can_read()
    except RedisConnectionError:
        readable = True
    if readable:
        connection.disconnect()
