"""Whole runs against a real server on loopback."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics.events import DEFAULT_EVENT, EVENT_TYPES
from pulse_analytics.simulate.client import Client
from pulse_analytics.simulate.crowd import Crowd
from pulse_analytics.simulate.pace import Pace
from pulse_analytics.simulate.plan import Site
from pulse_analytics.simulate.run import Options, simulate, yesterday

from .conftest import DROP, STALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .conftest import Api


def options(api: Api, **changes: Any) -> Options:
    given: dict[str, Any] = {"viewers": 60, "videos": 5, "clients": 4, "timeout_seconds": 0.3, "unchanged_seconds": 0.5}
    return Options(url=api.url, **{**given, **changes})


def test_a_run_with_equal_counts_succeeds_and_says_so(api: Api) -> None:
    lines: list[str] = []
    assert simulate(options(api), api.read_counts, lines.append)
    text = "\n".join(lines)
    assert int(re.findall(r"accepted +(\d+)", text)[0]) == api.counts.total() > 60
    assert "equal" in text
    assert {"/analytics", "/analytics/batch"} == set(api.paths)


def test_a_run_with_all_events_compares_the_count_of_each(api: Api) -> None:
    lines: list[str] = []
    assert simulate(options(api, events=tuple(EVENT_TYPES)), api.read_counts, lines.append)
    for name in EVENT_TYPES:
        accepted = sum(count for (_, event), count in api.counts.items() if event == name)
        assert re.findall(rf"{name} +(\d+)\n", lines[0]) == [str(accepted)] != ["0"]
    assert "per video and event, counts and accepted: equal" in lines[-1]


@pytest.mark.parametrize("lie", [-1, 1])
def test_a_count_of_one_event_that_differs_is_named(lie: int, api: Api) -> None:
    def lying(video_ids: Sequence[str], event: str) -> dict[str, int]:
        counts = api.read_counts(video_ids, event)
        wrong = {"sim-1-0002": counts["sim-1-0002"] + lie} if counts and event == "watched_75_percent" else {}
        return {**counts, **wrong}

    lines: list[str] = []
    assert not simulate(options(api, events=tuple(EVENT_TYPES)), lying, lines.append)
    accepted = api.counts["sim-1-0002", "watched_75_percent"]
    first, second, *_ = lines[-1].splitlines()
    assert first == "1 counts of videos differ:"
    assert second == f"  sim-1-0002 watched_75_percent: accepted {accepted}, the count rose by {accepted + lie}"


def test_a_second_run_gets_only_duplicates_and_succeeds(api: Api) -> None:
    lines: list[str] = []
    assert simulate(options(api), api.read_counts, lines.append)
    sent = set(api.bodies)
    assert simulate(options(api), api.read_counts, lines.append)
    assert set(api.bodies) == sent
    assert re.search(r"accepted +0\n", lines[2])


def test_lost_answers_and_errors_of_the_server_still_end_in_equal_counts(api: Api) -> None:
    rng = random.Random(5)
    for _ in range(30):
        api.script(rng.choice([DROP, DROP, STALL, 502, 503, 503]), accepts=rng.random() < 0.5)
    lines: list[str] = []
    assert simulate(options(api, clients=8), api.read_counts, lines.append)
    assert "after an unclear outcome" in lines[0]


def test_counts_that_lag_behind_are_waited_for(api: Api) -> None:
    began = time.monotonic()

    def lagging(video_ids: Sequence[str], event: str) -> dict[str, int]:
        return api.read_counts(video_ids, event) if time.monotonic() - began > 1.5 else {}

    lines: list[str] = []
    assert simulate(options(api, unchanged_seconds=5), lagging, lines.append)
    assert float(re.findall(r"counted ([\d.]+) s", lines[-1])[0]) > 0.5


@pytest.mark.parametrize(("lie", "shown"), [(-1, "another --seed"), (1, "videos differ")])
def test_videos_whose_counts_differ_are_named(lie: int, shown: str, api: Api) -> None:
    def lying(video_ids: Sequence[str], event: str) -> dict[str, int]:
        counts = api.read_counts(video_ids, event)
        return {**counts, "sim-1-0002": counts["sim-1-0002"] + lie} if counts else counts

    lines: list[str] = []
    assert not simulate(options(api), lying, lines.append)
    accepted = api.counts["sim-1-0002", DEFAULT_EVENT]
    assert f"sim-1-0002: accepted {accepted}, the count rose by {accepted + lie}" in lines[-1]
    assert "sim-1-0001" not in lines[-1]
    assert shown in lines[-1]


def test_a_late_double_count_is_detected(api: Api) -> None:
    equal_since: list[float] = []

    def counting_twice(video_ids: Sequence[str], event: str) -> dict[str, int]:
        counts = api.read_counts(video_ids, event)
        if counts:
            equal_since.append(time.monotonic())
            counts["sim-1-0001"] += time.monotonic() - equal_since[0] > 0.5
        return counts

    assert not simulate(options(api), counting_twice, lambda _: None)


def test_many_differences_are_cut_short(api: Api) -> None:
    lines: list[str] = []
    assert not simulate(options(api, videos=700), lambda *_: {}, lines.append)
    assert lines[-1].count("sim-1-") == 10
    assert "more" in lines[-1]


def test_a_refused_report_fails_the_run(api: Api) -> None:
    api.script(400, body="no")
    lines: list[str] = []
    assert not simulate(options(api), api.read_counts, lines.append)
    assert "400" in lines[0]
    assert "equal" in lines[1]


def test_an_unknown_outcome_stops_the_run_and_fails_it(api: Api) -> None:
    for _ in range(100):
        api.script(503, accepts=True, Retry_After="1")
    lines: list[str] = []
    assert not simulate(options(api, viewers=10_000, patience_seconds=1.5), api.read_counts, lines.append)
    assert "503" in lines[0]
    assert "Not compared" in lines[-1]


def test_an_unreachable_server_is_reported_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    lines: list[str] = []
    assert not simulate(Options(url=url), lambda *_: {}, lines.append)
    assert lines == [f"Nothing answers at {url}. Is `pulse up` running?"]


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C works even if a script started the tests with `&`, which ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_the_run_and_prints_what_is_known(api: Api) -> None:
    once = iter([True])

    def interrupt_once() -> None:
        # Reports are answered concurrently, so no thread may see exactly 20.
        if len(api.bodies) >= 20 and next(once, False):
            os.kill(os.getpid(), signal.SIGINT)

    api.before_answer = interrupt_once
    lines: list[str] = []
    assert not simulate(options(api, viewers=100_000), api.read_counts, lines.append)
    assert len(api.bodies) < 2_000
    assert re.match(r"[\d,]+ of 1\d\d,\d{3} reports answered", lines[0])
    assert lines[-1] == "Interrupted: not compared."


def test_an_error_while_reading_counts_reaches_the_caller(api: Api) -> None:
    def broken(video_ids: Sequence[str], event: str) -> dict[str, int]:
        raise LookupError("no such table")

    with pytest.raises(LookupError):
        simulate(options(api), broken, lambda _: None)


def test_the_day_played_is_yesterday() -> None:
    before = datetime.now(UTC).date()
    day = Options(url="").day
    assert before - timedelta(days=1) <= day < datetime.now(UTC).date()


def test_an_error_in_one_thread_stops_the_others_and_reaches_the_caller(api: Api) -> None:
    stop = threading.Event()
    working = Client(api.url, stop)
    clients = iter([working])
    site = Site(seed=1, viewers=100_000, videos=5, day=yesterday())
    crowd = Crowd(site.visits(), lambda: next(clients), Pace(0, stop), stop)
    with pytest.raises(StopIteration):
        crowd.play(2, lambda _: None)
    assert crowd.tally().answered < 10_000


def test_the_rate_limits_the_reports_per_second() -> None:
    pace = Pace(100, threading.Event())
    began = time.monotonic()
    for _ in range(20):
        pace.wait(2, burst=False)
    assert 0.35 < time.monotonic() - began < 3


def test_a_burst_goes_out_at_once_and_later_reports_wait_longer() -> None:
    pace = Pace(100, threading.Event())
    began = time.monotonic()
    for _ in range(20):
        pace.wait(2, burst=True)
    assert time.monotonic() - began < 0.3
    pace.wait(1, burst=False)
    assert 0.35 < time.monotonic() - began < 3


def test_after_a_stall_the_pace_does_not_flood_the_server() -> None:
    pace = Pace(1000, threading.Event())
    time.sleep(1.5)
    began = time.monotonic()
    for _ in range(1300):
        pace.wait(1, burst=False)
    assert time.monotonic() - began > 0.25
