"""What Redis holds about one user, who may be known by several ids, and which erasures workers have to finish."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pulse_analytics import config
from pulse_analytics.events import dedupe_pattern
from pulse_analytics.ingest.journal.keys import DEAD_LETTERS, ERASING, ERASURES, JOURNAL, LEDGER, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redis import Redis

    from pulse_analytics.ingest.journal.scripts import Scripts

_LEASE_MS = int(config.ERASURE_LEASE_SECONDS * 1000)


class Trace(NamedTuple):
    """An entry or a dead letter of the user."""

    id: str
    held: bool
    """Whether it waits for a worker that knows its event."""
    fields: dict[str, str]


class Key(NamedTuple):
    """A dedupe key of the user."""

    name: str
    event_id: str
    ttl_ms: int


class Traces:
    """The traces on one Redis server. Every method raises redis.exceptions.RedisError if Redis fails."""

    def __init__(self, redis: Redis, scripts: Scripts) -> None:
        self._redis: Any = redis
        self._scripts = scripts

    def newest_entry(self) -> str:
        """The id of the entry that was appended last, whether it still waits or not."""
        about = self._redis.xinfo_stream(JOURNAL) if self._redis.exists(JOURNAL) else {"last-generated-id": "0-0"}
        return cast("str", about["last-generated-id"])

    def entries(self, user_ids: Sequence[str], begin: str = "-", end: str = "+") -> Iterator[Trace]:
        """The user's entries in the journal, the oldest first, read in slices."""
        return self._find(JOURNAL, user_ids, begin, end)

    def letters(self, user_ids: Sequence[str]) -> Iterator[Trace]:
        """The user's dead letters, the oldest first, read in slices."""
        return self._find(DEAD_LETTERS, user_ids, "-", "+")

    def drop_held(self, entry_ids: Sequence[str]) -> int:
        """Drop those of these entries that are still held, for good; returns how many."""
        dropped = 0
        for start in range(0, len(entry_ids), config.BATCH_SIZE):
            chunk = entry_ids[start : start + config.BATCH_SIZE]
            dropped += int(self._scripts.run("drop_held", [JOURNAL, LEDGER], [UNKNOWN, *chunk]))
        return dropped

    def unlink_keys(self, user_id: str, cursor: int) -> tuple[int, int]:
        """Remove the user's dedupe keys in the next part of the key space. Returns where to go on (0: nowhere), and how
        many there were."""
        cursor, names = self._scan(user_id, cursor)
        return cursor, int(self._redis.unlink(*names)) if names else 0

    def keys(self, user_id: str) -> Iterator[Key]:
        """The user's dedupe keys. One that is set meanwhile may be missing."""
        cursor = -1
        while cursor:
            cursor, names = self._scan(user_id, max(0, cursor))
            asking = self._redis.pipeline(transaction=False)
            for name in names:
                asking.get(name).pttl(name)
            answers = asking.execute() if names else []
            for name, event_id, ttl_ms in zip(names, answers[::2], answers[1::2], strict=True):
                if event_id is not None:  # It has not expired since.
                    yield Key(name, event_id, ttl_ms)

    def begin_erasure(self, erasure_id: str) -> None:
        """Have workers go on with this erasure until it is finished. The caller sends the first run."""
        self._redis.pipeline().sadd(ERASURES, erasure_id).set(ERASING, "1", px=_LEASE_MS).execute()

    def hold_erasures(self) -> None:
        """Keep timers from sending another run, because one begins."""
        self._redis.set(ERASING, "1", px=_LEASE_MS)

    def end_erasure(self, erasure_id: str) -> None:
        """The erasure is finished."""
        self._redis.srem(ERASURES, erasure_id)

    def stalled_erasure(self) -> str | None:
        """The id of an unfinished erasure of which no run is under way; the caller must send one."""
        ids = sorted(self._redis.smembers(ERASURES))
        # At random, so that one that fails does not keep the others waiting.
        return secrets.choice(ids) if ids and self._redis.set(ERASING, "1", nx=True, px=_LEASE_MS) else None

    def _find(self, stream: str, user_ids: Sequence[str], begin: str, end: str) -> Iterator[Trace]:
        while begin:
            args: list[str | int] = [UNKNOWN, begin, end, config.TRACES_SIZE, *user_ids]
            found, begin = self._scripts.run("find", [stream], args)
            for entry_id, held, flat in found:
                yield Trace(entry_id, held == 1, dict(zip(flat[::2], flat[1::2], strict=True)))

    def _scan(self, user_id: str, cursor: int) -> tuple[int, list[str]]:
        return cast(
            "tuple[int, list[str]]", self._redis.scan(cursor, match=dedupe_pattern(user_id), count=config.TRACES_SIZE)
        )
