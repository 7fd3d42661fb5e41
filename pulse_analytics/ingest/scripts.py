"""The Lua scripts of lua/, each one atomic step on Redis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from pulse_analytics import config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis import Redis

    from pulse_analytics.config import Settings

_LUA = Path(__file__).parent / "lua"


class Scripts:
    """The scripts on one Redis server. Each says in its first lines what its keys, its arguments and its answer are."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._redis = redis
        self._scripts = {path.stem: redis.register_script(path.read_text()) for path in _LUA.glob("*.lua")}
        self._replicas = settings.redis_replicas
        self._replicas_ms = int(settings.redis_timeout_seconds * 1000 * config.REPLICA_PATIENCE)

    def run(self, name: str, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """The answer of a script. Raises RedisError."""
        return self._scripts[name](keys=keys, args=args)

    def run_replicated(self, name: str, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """The answer of a script that writes, once as many replicas as are required have what it wrote.

        Raises RedisError if they do not have it in time; the script has run all the same.
        """
        if not self._replicas:
            return self.run(name, keys, args)
        pipeline = self._redis.pipeline(transaction=False)
        self._scripts[name](keys=keys, args=args, client=pipeline)
        # Not WAITAOF: a replica tells only once a second what is on its disk.
        pipeline.wait(self._replicas, self._replicas_ms)
        answer, replicas = pipeline.execute()
        if replicas < self._replicas:
            raise RedisError(f"{replicas} of {self._replicas} replicas have it in time.")
        return answer
