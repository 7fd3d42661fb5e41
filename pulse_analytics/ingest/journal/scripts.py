"""The Lua scripts of lua/, each of which is one atomic step on Redis."""

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
    """One run of a script: the commands to send, and how to read their answers."""

    text: str
    digest: str
    words: Sequence[str | int]
    """The number of keys, the keys, the arguments."""
    replicas: int = 0
    """How many replicas must have the script's writes."""
    replicas_ms: int = 0

    def by_digest(self) -> list[Command]:
        """The commands, for a Redis that knows the script."""
        return [("EVALSHA", self.digest, *self.words), *self._wait()]

    def by_text(self) -> list[Command]:
        """The commands, for a Redis that does not know the script yet, and keeps it from now on."""
        return [("EVAL", self.text, *self.words), *self._wait()]

    def answer(self, answers: Sequence[Any]) -> Any:
        """The script's own answer. Raises RedisError if the replicas do not have its writes in time."""
        if self.replicas and answers[1] < self.replicas:
            raise RedisError(f"{answers[1]} of {self.replicas} replicas have the event in time.")
        return answers[0]

    def _wait(self) -> list[Command]:
        # Not WAITAOF: a replica reports only once a second what is on its disk.
        return [("WAIT", self.replicas, self.replicas_ms)] if self.replicas else []


class Scripts:
    """The scripts on one Redis server. The first lines of each document its keys, its arguments and its answer."""

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
        """A run of a script that fails unless the required number of replicas have its writes.

        If it fails for that reason, the script has run anyway.
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
