"""The journal right now: its own counters, and the events of each minute of the last hour."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics.ingest.journal.entries import BadEntry
from tests.conftest import TOKEN
from tests.facts import Facts, report, wait_until
from tests.ingest.journal.test_journal import events
from tests.ingest.test_drain import run

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from pulse_analytics.ingest.journal import Journal
    from tests.servers.valkey import ValkeyContainer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BEARER = {"Authorization": f"Bearer {TOKEN}"}
MINUTES = "pulse:minutes"


def live(client: FlaskClient) -> Any:
    answer = client.get("/admin/analytics/live", headers=BEARER)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def minute(facts: Facts) -> int:
    return int(facts.redis.time()[0]) // 60


def await_early_in_a_minute(facts: Facts) -> None:
    """Wait until the current minute will not end within the next few seconds."""
    wait_until(lambda: facts.redis.time()[0] % 60 < 50, 15)


def test_before_anything_is_accepted_all_figures_are_zero(client: FlaskClient, facts: Facts) -> None:
    now = live(client)
    assert abs(now.pop("at") - time.time() * 1000) < 5000
    assert now == {
        "accepted": 0,
        "counted": 0,
        "duplicates": 0,
        "waiting": 0,
        "parked": 0,
        "suppressed": 0,
        "oldestWaitingSeconds": None,
        "perMinute": [0] * 60,
        "evictedKeys": 0,
        "memoryShare": now["memoryShare"],
        "unknownEvents": {},
    }
    assert 0 < now["memoryShare"] < 0.5


def test_each_figure_equals_that_of_the_journal(client: FlaskClient, journal: Journal, facts: Facts) -> None:
    await_early_in_a_minute(facts)
    for user_id in ("u1", "u2", "u3", "u3", "u4"):
        client.post("/analytics", json=report("v1", user_id))
    entries = journal.take("me").entries
    journal.settle(entries[:2])
    journal.park([BadEntry(entries[2].entry_id, "a reason")])
    now = live(client)
    figures = [now[name] for name in ("accepted", "counted", "duplicates", "waiting", "parked")]
    assert figures == [4, 2, 1, 1, 1]
    assert now["perMinute"] == [0] * 59 + [2]
    oldest_ms = int(entries[3].entry_id.partition("-")[0])
    assert now["oldestWaitingSeconds"] == (now["at"] - oldest_ms) / 1000
    time.sleep(0.05)
    assert live(client)["oldestWaitingSeconds"] > now["oldestWaitingSeconds"]


def test_the_hour_ends_with_the_current_minute(client: FlaskClient, facts: Facts) -> None:
    await_early_in_a_minute(facts)
    current = minute(facts)
    held = {str(current - ago): ago + 1 for ago in (0, 1, 30, 59, 60, 61, 1000)} | {str(current + 1): 99}
    facts.redis.hset(MINUTES, mapping=held)
    expected = [0] * 60
    for ago in (0, 1, 30, 59):
        expected[59 - ago] = ago + 1
    assert live(client)["perMinute"] == expected


def test_minutes_older_than_an_hour_are_deleted_when_a_new_one_begins(journal: Journal, facts: Facts) -> None:
    await_early_in_a_minute(facts)
    current = minute(facts)
    held = {str(current + ahead): 1 for ahead in (-(10**6), -61, -60, -59, -1, 1, 10**6)}
    facts.redis.hset(MINUTES, mapping=held)
    journal.accept(events(5))
    entries = journal.take("me").entries
    journal.settle(entries[:3])
    kept = {str(current): "3", str(current - 1): "1", str(current - 59): "1"}
    assert facts.redis.hgetall(MINUTES) == kept
    journal.settle(entries[3:])
    assert facts.redis.hgetall(MINUTES) == {**kept, str(current): "5"}


def test_settling_again_adds_nothing_to_the_minute(journal: Journal, facts: Facts) -> None:
    journal.accept(events(3))
    entries = journal.take("me").entries
    journal.settle(entries)
    before = facts.redis.hgetall(MINUTES)
    journal.settle(entries)
    assert facts.redis.hgetall(MINUTES) == before
    assert sum(int(count) for count in before.values()) == 3


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.usefixtures("own_valkey")
def test_at_the_memory_limit_minutes_are_still_counted_and_reported(
    client: FlaskClient, journal: Journal, facts: Facts, known: bool
) -> None:
    journal.accept(events(700))
    run(journal)  # Load the scripts and create the consumer group.
    live(client)
    if not known:
        facts.redis.delete(MINUTES)
    journal.accept(events(700, first=700))
    facts.redis.config_set("maxmemory-policy", "noeviction")
    facts.redis.config_set("maxmemory", "1")
    assert run(journal)[0] is False
    assert sum(live(client)["perMinute"]) == (1400 if known else 700)
    facts.redis.config_set("maxmemory", "0")
    facts.wait_until_settled(0)


def test_a_key_of_another_type_in_place_of_the_minutes_stops_nothing(
    client: FlaskClient, journal: Journal, facts: Facts
) -> None:
    facts.redis.set(MINUTES, "foreign")
    journal.accept(events(3))
    assert run(journal)[0] is False
    facts.wait_until_settled(0)
    assert facts.counts() == {"v1": 3}
    assert client.get("/admin/analytics/live", headers=BEARER).status_code == 503
    assert f"{MINUTES} holds a string" in client.get("/readyz").get_json()["detail"]


def test_after_a_clock_was_set_back_no_entry_waits_less_than_0_seconds(client: FlaskClient, facts: Facts) -> None:
    facts.redis.xadd("queue:analytics", {"id": "x"}, id=f"{(facts.redis.time()[0] + 3600) * 1000}-0")
    assert live(client)["oldestWaitingSeconds"] == 0


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGSTOP"])
def test_while_redis_is_stopped_or_hangs_live_answers_503_in_time(
    client: FlaskClient, own_valkey: ValkeyContainer, signal: str
) -> None:
    live(client)
    own_valkey.kill(signal)
    for limit in (2.0, 0.5):
        started = time.monotonic()
        answer = client.get("/admin/analytics/live", headers=BEARER)
        assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
        assert int(answer.headers["Retry-After"]) > 0
        assert time.monotonic() - started < limit


def test_live_needs_the_admin_token(client: FlaskClient) -> None:
    assert client.get("/admin/analytics/live").status_code == 401
