"""Requests of an event loop share calls of the journal, and each gets its own answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics import config
from pulse_analytics.errors import TryAgain
from pulse_analytics.ingest.journal.shared import SharedCalls
from tests import loop
from tests.facts import Facts
from tests.test_events import event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis import Redis

    from pulse_analytics.config import Settings
    from pulse_analytics.events import Event
    from pulse_analytics.ingest.journal import Journal
    from pulse_analytics.ingest.journal.shared import Outcome
    from tests.servers.valkey import ValkeyContainer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Run = "Callable[[Callable[[Waiting], Awaitable[Any]]], Any]"


class Waiting:
    """Shared calls whose outcomes are awaited."""

    def __init__(self, calls: SharedCalls) -> None:
        self._calls = calls
        self.close = calls.close

    async def accept(self, events: list[Event]) -> list[bool]:
        """The outcome of these events. Raises TryAgain."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._calls.accept(events, answer.set_result)
        outcome = await answer
        if isinstance(outcome, TryAgain):
            raise outcome
        return outcome


@pytest.fixture
def run(journal: Journal, settings: Settings) -> Any:
    """Run a coroutine function with shared calls, on a new event loop."""
    impatient = replace(settings, redis_timeout_seconds=0.3)

    def run(scenario: Callable[[Waiting], Awaitable[Any]]) -> Any:
        async def play() -> Any:
            calls = Waiting(SharedCalls(journal, impatient, lambda: None))
            try:
                return await scenario(calls)
            finally:
                await calls.close()

        return loop.run(play())

    return run


def calls_of_accept(redis: Redis) -> int:
    """How many scripts Redis has run so far."""
    statistics: Any = redis.info("commandstats")
    return sum(statistics.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha"))


def test_events_that_arrive_during_a_call_are_sent_with_the_next(run: Any, facts: Facts) -> None:
    async def scenario(calls: Waiting) -> list[list[bool]]:
        await calls.accept([event("warm")])
        before = calls_of_accept(facts.redis)
        answers = await asyncio.gather(*(calls.accept([event(f"v{n}")]) for n in range(200)))
        assert calls_of_accept(facts.redis) - before == 1
        return answers

    assert run(scenario) == [[True]] * 200
    assert facts.waiting() == 201


def test_each_request_gets_its_own_answers_in_order(run: Any, facts: Facts) -> None:
    async def scenario(calls: Waiting) -> list[list[bool]]:
        await calls.accept([event("old1"), event("old2")])
        asked = [["old1"], ["new1", "old2", "new2"], ["new1"], ["new3"]]
        return await asyncio.gather(*(calls.accept([event(video_id) for video_id in videos]) for videos in asked))

    assert run(scenario) == [[False], [True, False, True], [False], [True]]
    assert facts.ledger()["accepted"] == 5


def test_two_reports_of_one_viewer_in_a_call_are_accepted_once(run: Any, facts: Facts) -> None:
    async def scenario(calls: Waiting) -> list[list[bool]]:
        return await asyncio.gather(*(calls.accept([event("v"), event("v")]) for _ in range(3)))

    assert run(scenario) == [[True, False], [False, False], [False, False]]
    assert facts.waiting() == 1


def test_a_single_report_does_not_wait_for_all_of_a_large_batch(run: Any) -> None:
    async def scenario(calls: Waiting) -> list[str]:
        done: list[str] = []

        async def one(name: str, count: int) -> None:
            assert await calls.accept([event(f"{name}{n}") for n in range(count)]) == [True] * count
            done.append(name)

        await asyncio.gather(one("batch", 500), one("other batch", 500), one("single", 1))
        return done

    assert run(scenario)[0] == "single"


def test_a_failed_call_fails_for_every_request_in_it_and_retries_reveal_the_outcome(
    run: Any, valkey: ValkeyContainer, facts: Facts
) -> None:
    async def scenario(calls: Waiting) -> None:
        await calls.accept([event("warm")])
        valkey.process.pause()
        asked = [calls.accept([event(f"v{n}"), event(f"w{n}")]) for n in range(20)]
        failed = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(error) for error in failed] == [TryAgain] * 20
        valkey.process.unpause()
        await asyncio.sleep(config.BREAKER_PAUSE_SECONDS)
        # The call that was given up may still have run: then each retry is a duplicate, and else it is accepted.
        again = await asyncio.gather(*(calls.accept([event(f"v{n}"), event(f"w{n}")]) for n in range(20)))
        assert {tuple(answer) for answer in again} <= {(True, True), (False, False)}

    run(scenario)
    assert facts.waiting() == 41


def test_the_answers_of_a_call_that_timed_out_are_given_to_no_request(run: Any, valkey: ValkeyContainer) -> None:
    async def scenario(calls: Waiting) -> list[list[bool]]:
        await calls.accept([event("old")])
        valkey.process.pause()
        with pytest.raises(TryAgain):
            await calls.accept([event("old"), event("late")])
        valkey.process.unpause()
        await asyncio.sleep(config.BREAKER_PAUSE_SECONDS)
        return [await calls.accept([event("new1")]), await calls.accept([event("new2")])]

    assert run(scenario) == [[True], [True]]


def test_a_late_answer_of_an_earlier_call_is_not_given_to_the_current_call(run: Any, valkey: ValkeyContainer) -> None:
    async def scenario(calls: Waiting) -> list[bool]:
        await calls.accept([event("old")])
        valkey.process.pause()
        with pytest.raises(TryAgain):
            await calls.accept([event("late")])
        await asyncio.sleep(config.BREAKER_PAUSE_SECONDS)
        under_way = asyncio.create_task(calls.accept([event("old")]))
        await asyncio.sleep(0.1)
        valkey.process.unpause()
        return await under_way

    assert run(scenario) == [False]


def test_while_redis_hangs_requests_fail_at_once(run: Any, valkey: ValkeyContainer) -> None:
    async def scenario(calls: Waiting) -> float:
        valkey.process.pause()
        try:
            with pytest.raises(TryAgain):
                await calls.accept([event("first")])
            started = asyncio.get_running_loop().time()
            with pytest.raises(TryAgain):
                await calls.accept([event("second")])
            return asyncio.get_running_loop().time() - started
        finally:
            valkey.process.unpause()

    assert run(scenario) < 0.1


def test_a_client_that_disconnects_ends_only_its_own_wait(run: Any, facts: Facts) -> None:
    async def scenario(calls: Waiting) -> list[bool]:
        first = asyncio.create_task(calls.accept([event("first")]))
        leaves = asyncio.create_task(calls.accept([event("leaves")]))
        stays = asyncio.create_task(calls.accept([event("stays")]))
        await asyncio.sleep(0)
        first.cancel()
        leaves.cancel()
        return await stays

    assert run(scenario) == [True]
    assert facts.waiting() == 3


def test_beyond_the_limit_of_waiting_events_requests_fail_at_once_and_later_ones_succeed(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "SHARED_WAITING_EVENTS", 5)

    async def scenario(calls: Waiting) -> list[Any]:
        asked = [calls.accept([event(f"v{n}"), event(f"w{n}")]) for n in range(3)]
        return [*await asyncio.gather(*asked, return_exceptions=True), await calls.accept([event("after")])]

    first, second, third, after = run(scenario)
    assert (first, second, after) == ([True, True], [True, True], [True])
    assert isinstance(third, TryAgain)


def test_shared_calls_reconnect_after_redis_closed_the_connection(run: Any, facts: Facts) -> None:
    async def scenario(calls: Waiting) -> None:
        await calls.accept([event("v1")])
        facts.redis.client_kill_filter(_type="normal", skipme=True)
        await asyncio.sleep(1.5 * config.CONNECTION_TRUST_SECONDS)
        assert await calls.accept([event("v2")]) == [True]

    run(scenario)


def test_scripts_are_sent_again_to_a_redis_that_forgot_them(run: Any, facts: Facts) -> None:
    async def scenario(calls: Waiting) -> list[bool]:
        await calls.accept([event("v1")])
        facts.redis.script_flush()
        return await calls.accept([event("v2")])

    assert run(scenario) == [True]
