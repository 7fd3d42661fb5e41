"""The Lua scripts of lua/, each one atomic step on Redis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError, RedisError

from pulse_analytics import config
from pulse_analytics.ingest.journal.connection import ThreadConnection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis import Redis

    from pulse_analytics.config import Settings
    from pulse_analytics.ingest.journal.connection import Command

_LUA = Path(__file__).parent / "lua"


class Scripts:
    """The scripts on one Redis server. Each says in its first lines what its keys, its arguments and its answer are."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._connection = ThreadConnection(redis)
        self._texts = {path.stem: path.read_text() for path in _LUA.glob("*.lua")}
        self._digests = {name: str(redis.register_script(text).sha) for name, text in self._texts.items()}
        self._replicas = settings.redis_replicas
        self._replicas_ms = int(settings.redis_timeout_seconds * 1000 * config.REPLICA_PATIENCE)

    def run(self, name: str, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """The answer of a script. Raises RedisError."""
        return self._run(name, keys, args)[0]

    def run_replicated(self, name: str, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """The answer of a script that writes, once as many replicas as are required have what it wrote.

        Raises RedisError if they do not have it in time; the script has run all the same.
        """
        if not self._replicas:
            return self.run(name, keys, args)
        # Not WAITAOF: a replica tells only once a second what is on its disk.
        answer, replicas = self._run(name, keys, args, ("WAIT", self._replicas, self._replicas_ms))
        if replicas < self._replicas:
            raise RedisError(f"{replicas} of {self._replicas} replicas have it in time.")
        return answer

    def _run(self, name: str, keys: Sequence[str], args: Sequence[str | int], *then: Command) -> list[Any]:
        """The answers of a script and of the commands that follow it on the same connection."""
        words = (len(keys), *keys, *args)
        try:
            return self._connection.ask(("EVALSHA", self._digests[name], *words), *then)
        except NoScriptError:  # A new Redis. It keeps what it is given here.
            return self._connection.ask(("EVAL", self._texts[name], *words), *then)
