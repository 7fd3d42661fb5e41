"""Redis' memory: keys that a full Redis evicts are counted, and the log warns the operator before that."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from pulse_analytics.app import create_app
from pulse_analytics.config import CONNECTION_TRUST_SECONDS, READY_SECONDS, TIMER_SECONDS, Settings
from tests.audit.conftest import Pulse
from tests.conftest import TOKEN
from tests.facts import Facts, wait_until
from tests.test_events import event

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from pytest_celery import CeleryTestSetup

    from pulse_analytics.ingest.journal import Journal
    from tests.servers.valkey import ValkeyContainer

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("own_valkey"),
]

ROOM_BYTES = 1_000_000
"""For about 1,000 dedupe keys of LONG ids."""
SENT = 2000
LONG = "\N{CLAPPER BOARD}" * 120


def leave_room(redis: Any, policy: str = "volatile-ttl") -> None:
    """Limit Redis to ROOM_BYTES more than it uses now."""
    redis.config_set("maxmemory-policy", policy)
    redis.config_set("maxmemory", redis.info("memory")["used_memory"] + ROOM_BYTES)


def stop_evicting(redis: Any) -> None:
    """Keep what is left, so that two looks see the same count."""
    redis.config_set("maxmemory", 0)


def accept(journal: Journal, count: int, first: int = 0) -> None:
    """Accept events and settle them as known, so that only their dedupe keys remain."""
    for number in range(first, first + count, 100):
        journal.accept([event("v1", f"{LONG}{number + more}") for more in range(100)])
        journal.settle([], journal.take("me").entries)


def evicted(client: FlaskClient) -> Any:
    return client.get("/admin/analytics/live", headers={"Authorization": f"Bearer {TOKEN}"}).get_json()["evictedKeys"]


def test_keys_that_a_full_redis_evicts_are_counted_and_reported(
    app: Flask, client: FlaskClient, journal: Journal, facts: Facts
) -> None:
    assert Pulse(app).audit().exit_code == 0  # The epoch begins.
    assert evicted(client) == 0
    leave_room(facts.redis)
    accept(journal, SENT)
    stop_evicting(facts.redis)
    # The flag of a wake-up has a TTL as well.
    gone = SENT - len(facts.redis.keys("dedupe:video:*"))
    assert gone > SENT // 10
    assert gone <= evicted(client) == facts.redis.info("stats")["evicted_keys"] < gone + 20
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["status"]) == (200, "ready")
    assert ready.get_json()["checks"]["redis"].startswith(
        f"ok, but: Redis evicted {evicted(client):,} keys in this epoch"
    )
    assert ready.get_json()["checks"]["database"] == "ok"
    audit = Pulse(app).audit()
    assert audit.exit_code == 0
    assert f"Redis evicted {evicted(client):,} keys in this epoch" in audit.stdout
    assert Pulse(app).audit("--begin-epoch", "more memory").exit_code == 0
    assert evicted(client) == 0


def test_the_evictions_counted_survive_a_restart_of_redis_and_a_reset_of_its_statistics(
    client: FlaskClient, journal: Journal, facts: Facts, own_valkey: ValkeyContainer
) -> None:
    assert evicted(client) == 0
    leave_room(facts.redis)
    accept(journal, SENT)
    first = evicted(client)
    assert first > 0
    own_valkey.kill()
    own_valkey.start()
    redis: Any = Redis.from_url(own_valkey.url, decode_responses=True)
    wait_until(lambda: not redis.info("persistence")["loading"])
    time.sleep(CONNECTION_TRUST_SECONDS)  # Until then the journal uses its old connection without a look.
    leave_room(redis)
    accept(journal, 2 * SENT, first=SENT)
    stop_evicting(redis)
    since_restart = redis.info("stats")["evicted_keys"]
    assert since_restart > first  # So the count alone does not show that Redis was restarted.
    second = first + since_restart
    assert evicted(client) == second
    redis.config_resetstat()
    assert evicted(client) == second
    leave_room(redis)
    accept(journal, SENT, first=3 * SENT)
    stop_evicting(redis)
    assert evicted(client) == second + redis.info("stats")["evicted_keys"] > second
    redis.close()


def test_keys_evicted_before_the_first_check_are_not_counted_for_this_epoch(
    client: FlaskClient, journal: Journal, facts: Facts
) -> None:
    leave_room(facts.redis)
    accept(journal, SENT)
    assert facts.redis.info("stats")["evicted_keys"] > 0
    assert evicted(client) == 0


@pytest.mark.parametrize(
    ("policy", "limited", "says"),
    [
        ("volatile-ttl", True, "When it is full, it evicts keys."),
        ("noeviction", True, "When it is full, it refuses reports."),
        ("allkeys-lru", True, "maxmemory-policy is allkeys-lru: a full Redis may evict the journal"),
        ("volatile-ttl", False, ""),
    ],
)
def test_a_nearly_full_redis_causes_a_warning(
    app: Flask, client: FlaskClient, facts: Facts, policy: str, limited: bool, says: str
) -> None:
    for number in range(100):  # Else a few connections more make a difference.
        facts.redis.set(f"ballast:{number}", bytes(10**5))
    facts.redis.config_set("maxmemory-policy", policy)
    facts.redis.config_set("maxmemory", int(facts.redis.info("memory")["used_memory"] / 0.85) if limited else 0)
    ready, done = client.get("/readyz"), Pulse(app).audit()
    assert (ready.status_code, done.exit_code) == (200, 0)
    said = ready.get_json()["checks"]["redis"]
    assert (says in said, says in done.stdout) == (True, True)
    assert (said == "ok", " % of maxmemory" in said.replace("%", " %")) == (not limited, limited)
    assert json.loads(Pulse(app).audit("--json").stdout)["redis"]["policy"] == policy
    if limited:
        facts.redis.config_set("maxmemory", facts.redis.info("memory")["used_memory"] * 2)
        time.sleep(READY_SECONDS)
        assert " % of maxmemory" not in client.get("/readyz").get_json()["checks"]["redis"]


def test_a_redis_that_refuses_info_breaks_nothing(settings: Settings, facts: Facts, tmp_path: Path) -> None:
    facts.redis.execute_command(*["ACL", "SETUSER", "shy", "on", ">secret", "~*", "&*", "+@all", "-info"])
    url = settings.redis_url.replace("redis://", "redis://shy:secret@")
    app = create_app(
        Settings.parse(
            {"PULSE_REDIS_URL": url, "PULSE_ADMIN_TOKEN": TOKEN, "PULSE_DATABASE_URL": settings.database_url}, tmp_path
        )
    )
    with app.app_context():
        assert evicted(app.test_client()) is None
        assert app.test_client().get("/readyz").get_json()["checks"]["redis"] == "ok"
        done = Pulse(app).audit()
        assert (done.exit_code, "It refuses INFO" in done.stdout) == (0, True)
        assert json.loads(Pulse(app).audit("--json").stdout)["redis"] is None


@pytest.mark.nightly
def test_a_worker_counts_evictions_by_itself_and_limits_its_warnings(
    journal: Journal, facts: Facts, celery_setup: CeleryTestSetup
) -> None:
    log = celery_setup.worker.container.logs
    wait_until(lambda: facts.redis.hget("pulse:ledger", "evicted") == "0")
    leave_room(facts.redis)
    accept(journal, SENT)
    wait_until(
        lambda: int(facts.redis.hget("pulse:ledger", "evicted")) == facts.redis.info("stats")["evicted_keys"] > 0
    )
    accept(journal, 500, first=SENT)
    time.sleep(2 * TIMER_SECONDS)
    lines = log().splitlines()
    assert len([line for line in lines if "Redis is full and evicts keys" in line]) == 1
    assert len([line for line in lines if "more than 80 % of its maxmemory" in line]) == 1
