"""The Lua scripts of lua/, each one atomic step on Redis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from redis.exceptions import NoScriptError, RedisError

from pulse_analytics import config
from pulse_analytics.ingest.journal.connection import ThreadConnection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis import Redis

    from pulse_analytics.config import Settings
    from pulse_analytics.ingest.journal.connection import Command, LoopConnection

_LUA = Path(__file__).parent / "lua"


class ScriptCall(NamedTuple):
    """One run of a script: what is sent, and what of the answers is whose."""

    text: str
    digest: str
    words: Sequence[str | int]
    """Its keys and its arguments, the number of keys first."""
    replicas: int = 0
    """How many replicas must have what it wrote."""
    replicas_ms: int = 0

    def by_digest(self) -> list[Command]:
        """The commands, for a Redis that knows the script."""
        return [("EVALSHA", self.digest, *self.words), *self._wait()]

    def by_text(self) -> list[Command]:
        """The commands, for a new Redis. It keeps the script."""
        return [("EVAL", self.text, *self.words), *self._wait()]

    def answer(self, answers: Sequence[Any]) -> Any:
        """The script's own answer. Raises RedisError if the replicas do not have in time what it wrote."""
        if self.replicas and answers[1] < self.replicas:
            raise RedisError(f"{answers[1]} of {self.replicas} replicas have it in time.")
        return answers[0]

    def _wait(self) -> list[Command]:
        # Not WAITAOF: a replica tells only once a second what is on its disk.
        return [("WAIT", self.replicas, self.replicas_ms)] if self.replicas else []


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
        return self.ask(ScriptCall(self._texts[name], self._digests[name], (len(keys), *keys, *args)))

    def replicated(self, name: str, keys: Sequence[str], args: Sequence[str | int]) -> ScriptCall:
        """A run of a script that writes, which fails unless as many replicas as are required have what it wrote.

        The script has run all the same.
        """
        words = (len(keys), *keys, *args)
        return ScriptCall(self._texts[name], self._digests[name], words, self._replicas, self._replicas_ms)

    def ask(self, call: ScriptCall) -> Any:
        """The answer of a script. Raises RedisError."""
        try:
            answers = self._connection.ask(*call.by_digest())
        except NoScriptError:
            answers = self._connection.ask(*call.by_text())
        return call.answer(answers)


async def ask_on_loop(connection: LoopConnection, call: ScriptCall) -> Any:
    """The answer of a script, on an event loop. Raises RedisError."""
    try:
        answers = await connection.ask(*call.by_digest())
    except NoScriptError:
        answers = await connection.ask(*call.by_text())
    return call.answer(answers)
