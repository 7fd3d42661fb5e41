"""Calls of the journal that requests share: events that arrive during one call are batched into the next.

A Redis call costs a web process more than the rest of a report, and hardly more for a hundred events than for one. So
an event loop makes one call at a time. It belongs to no request: a client that disconnects ends only its own wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from redis.exceptions import RedisError

from pulse_analytics import config
from pulse_analytics.errors import TryAgain
from pulse_analytics.ingest.journal import read_acceptance
from pulse_analytics.ingest.journal.connection import LoopConnection, connect_redis_on_loop
from pulse_analytics.ingest.journal.scripts import ask_on_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from pulse_analytics.config import Settings
    from pulse_analytics.events import Event
    from pulse_analytics.ingest.journal import Acceptance, Journal

    Outcome: TypeAlias = list[bool] | TryAgain
    """For each event of a request whether it was accepted (False: a duplicate), or the error of its call."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Request:
    """Events that wait together: they are accepted in order, and get one answer."""

    events: Sequence[Event]
    settle: Callable[[Outcome], None]
    accepted: list[bool] = field(default_factory=list)
    """The outcomes known so far, those of the first events."""


class _Part(NamedTuple):
    """The events of one request in one call."""

    request: _Request
    events: Sequence[Event]


class SharedCalls:
    """The journal, for the requests of one event loop."""

    def __init__(self, journal: Journal, settings: Settings, wake: Callable[[], None]) -> None:
        self._journal = journal
        self._connection = LoopConnection(connect_redis_on_loop(settings))
        self._wake = wake
        self._requests: deque[_Request] = deque()
        self._waiting = 0
        """How many events in `_requests` have no outcome yet."""
        self._work: asyncio.Task[None] | None = None

    def accept(self, events: Sequence[Event], settle: Callable[[Outcome], None]) -> None:
        """Accept each event, or find it a duplicate, in order; then let the event loop call `settle`.

        There must be events. The outcome is TryAgain if Redis fails or does not answer; at once while it hangs, or if
        too many events wait already. (A future and a task for each request would cost more than its share of a call.)
        """
        if self._waiting + len(events) > config.SHARED_WAITING_EVENTS:
            _tell(settle, TryAgain("Too many reports are waiting for Redis."))
            return
        self._requests.append(_Request(events, settle))
        self._waiting += len(events)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._make_calls())

    async def close(self) -> None:
        """Close the connection, after the last call."""
        if self._work is not None:
            await asyncio.wait([self._work])
        await self._connection.close()

    async def _make_calls(self) -> None:
        while self._requests:
            parts = self._next_parts()
            try:
                acceptance = await self._call([event for part in parts for event in part.events])
            except TryAgain as error:
                self._fail(parts, error)
            except Exception:
                log.exception("A call of the journal failed.")
                self._fail(parts, TryAgain("The report was not accepted."))
            else:
                self._answer(parts, acceptance)

    def _next_parts(self) -> list[_Part]:
        """The events of the next call, from each request in turn. A large batch is split, or others would wait."""
        parts: list[_Part] = []
        room = config.SHARED_CALL_EVENTS
        for request in islice(self._requests, room):
            known = len(request.accepted)
            events = request.events[known : known + min(room, config.SHARED_PART_EVENTS)]
            parts.append(_Part(request, events))
            room -= len(events)
            if not room:
                break
        return parts

    async def _call(self, events: Sequence[Event]) -> Acceptance:
        try:
            with self._journal.breaker.guard():
                answer = await ask_on_loop(self._connection, self._journal.accept_call(events))
        except RedisError as error:
            raise TryAgain("Redis does not answer.") from error
        acceptance = read_acceptance(answer)
        if len(acceptance.accepted) != len(events):
            await self._connection.close()
            raise TryAgain("Redis gave an unexpected answer.")
        if acceptance.wake:
            self._wake()
        return acceptance

    def _answer(self, parts: Sequence[_Part], acceptance: Acceptance) -> None:
        accepted = iter(acceptance.accepted)
        unfinished = []
        for request, events in parts:
            request.accepted += islice(accepted, len(events))
            self._waiting -= len(events)
            if len(request.accepted) < len(request.events):
                unfinished.append(request)
            else:
                _tell(request.settle, request.accepted)
        self._replace(parts, unfinished)

    def _fail(self, parts: Sequence[_Part], error: TryAgain) -> None:
        for request, _ in parts:
            self._waiting -= len(request.events) - len(request.accepted)
            _tell(request.settle, error)
        self._replace(parts, [])

    def _replace(self, parts: Sequence[_Part], unfinished: Sequence[_Request]) -> None:
        """Replace the first requests, which were in the call, by those that it did not finish."""
        for _ in parts:
            self._requests.popleft()
        self._requests.extendleft(reversed(unfinished))


def _tell(settle: Callable[[Outcome], None], outcome: Outcome) -> None:
    """Settle one request from the event loop itself, so that an error in one does not reach the others."""
    asyncio.get_running_loop().call_soon(settle, outcome)
