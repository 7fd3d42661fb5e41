"""Measures what one trouble does to a stack under traffic: the clients' answers, the backlog, the time to recover."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from crash.blows import wait
from crash.harms import KINDS, goes_on
from crash.stack import TICK_SECONDS
from crash.troubles import SECONDS

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from crash.evidence import Evidence
    from crash.stack import Stack
    from crash.troubles import Trouble

AFTERWARDS_SECONDS = 1.0
"""How long to watch the clients at least after the harm's end, because its effects reach them later."""
PATIENCE_SECONDS = 90.0
GLANCE_SECONDS = 0.1
"""Timeout for asking Valkey how much waits: a frozen Valkey must not freeze the supervisor."""
READY_EVERY_SECONDS = 0.25


class Measured(NamedTuple):
    """What was seen from the start of a trouble until the stack had recovered."""

    statuses: Counter[str]
    """The clients' attempts by HTTP status, or NO_ANSWER."""
    slowest_seconds: float
    """The slowest answer."""
    most_waiting: int
    """The most entries seen in the journal, including those that a worker has taken."""
    counted_seconds: float
    """From the end of the harm until everything accepted before then was counted."""


class Meter:
    """Measures on one stack, one trouble after another."""

    def __init__(self, stack: Stack, evidence: Evidence) -> None:
        self._stack = stack
        self._evidence = evidence
        self._redis = Redis(
            port=stack.valkey_port,
            decode_responses=True,
            socket_timeout=GLANCE_SECONDS,
            socket_connect_timeout=GLANCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def close(self) -> None:
        """Close the connection to Valkey."""
        self._redis.close()

    def measure(self, trouble: Trouble) -> Measured:
        """Cause the trouble and watch until the stack has recovered. Raises TimeoutError after PATIENCE_SECONDS."""
        self._evidence.forget_attempts()
        most_waiting = 0
        for waiting in self._until_over(trouble):
            most_waiting = max(most_waiting, waiting)
        ended, ended_ms = time.monotonic(), time.time_ns() // 1_000_000
        counted_seconds, ready_at = None, ended + AFTERWARDS_SECONDS
        while counted_seconds is None or not self._is_ready(ready_at):
            if time.monotonic() > ended + PATIENCE_SECONDS:
                raise TimeoutError(f"{trouble.name}: counted after {counted_seconds}; {self._not_ready()} not ready.")
            waiting, oldest_ms = self._glance()
            most_waiting = max(most_waiting, waiting)
            if counted_seconds is None and oldest_ms is not None and oldest_ms > ended_ms:
                counted_seconds = time.monotonic() - ended
            self._tick()
        self._heal(trouble)
        statuses, slowest_seconds = self._evidence.forget_attempts()
        return Measured(statuses, slowest_seconds, most_waiting, counted_seconds)

    def _until_over(self, trouble: Trouble) -> Iterator[int]:
        """Do the harm, and yield the number of waiting entries from time to time until it is over."""
        part = self._stack.parts[trouble.restarts] if trouble.restarts else None
        starts = part.starts if part else 0
        harms: list[Iterator[None]] = [KINDS[harm.kind](self._stack, harm) for harm in trouble.harms]
        harms = harms or [wait(SECONDS)]
        while (harms := [harm for harm in harms if goes_on(harm)]) or (part and part.starts == starts):
            yield self._glance()[0]
            self._tick()

    def _glance(self) -> tuple[int, float | None]:
        """How many entries wait, and when the oldest was accepted, in ms: infinity if none waits, None if unknown."""
        with suppress(RedisError):
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.xlen("queue:analytics")
            pipeline.xrange("queue:analytics", count=1)
            waiting, oldest = cast("Any", pipeline.execute())
            return waiting, float(oldest[0][0].partition("-")[0]) if oldest else float("inf")
        return 0, None

    def _tick(self) -> None:
        self._stack.supervise()
        time.sleep(TICK_SECONDS)

    def _is_ready(self, ready_at: float) -> bool:
        return time.monotonic() > ready_at and not self._not_ready()

    def _not_ready(self) -> list[str]:
        return [name for name, part in self._stack.parts.items() if not part.is_ready()]

    def _heal(self, trouble: Trouble) -> None:
        """Undo what would take effect later: links that still wait for an answer to swallow."""
        for harm in trouble.harms:
            if harm.target in self._stack.links:
                self._stack.links[harm.target].heal()
