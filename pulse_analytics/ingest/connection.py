"""One connection to Redis for each thread, which keeps it: without the pool's locks and checks a command costs half."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from pulse_analytics.config import CONNECTION_TRUST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from redis import Redis

    Command: TypeAlias = Sequence[str | int]


class _Kept(threading.local):
    """A thread's connection."""

    connection: Any = None
    process = 0
    """Whose it is: a process that was forked must leave its parent's alone."""
    used_at = 0.0


class ThreadConnection:
    """The calling thread's own connection to the server of `redis`, made at its first command."""

    def __init__(self, redis: Redis) -> None:
        self._pool = redis.connection_pool
        self._kept = _Kept()

    def ask(self, *commands: Command) -> list[Any]:
        """The answers to commands, which are sent in one piece.

        Raises RedisError: the first of the answers that is an error, or that they did not all come; then the
        connection is closed, so that the next command never takes a late answer for its own.
        """
        connection = self._get()
        try:
            connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            answers = [_read(connection) for _ in commands]
        except BaseException:
            connection.disconnect()
            raise
        self._kept.used_at = time.monotonic()
        for answer in answers:
            if isinstance(answer, ResponseError):
                raise answer
        return answers

    def _get(self) -> Any:
        """The connection. One that Redis has closed meanwhile connects again, instead of failing its next command."""
        kept = self._kept
        if kept.process != os.getpid():
            kept.connection = self._pool.connection_class(**self._pool.connection_kwargs)
            kept.process = os.getpid()
        elif time.monotonic() - kept.used_at > CONNECTION_TRUST_SECONDS and kept.connection.is_connected:
            _drop_if_closed(kept.connection)
        return kept.connection


def _read(connection: Any) -> Any:
    """The next answer, also if it is an error."""
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
