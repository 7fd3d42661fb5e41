"""Wake-ups: at most one waits in the broker's queue, and a broker that fails changes no answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pulse_analytics import config
from pulse_analytics.ingest.tasks import wake_worker
from pulse_analytics.ingest.waker import waker
from tests.facts import report, wait_until
from tests.servers.valkey import start_valkey
from tests.servers.worker import start_worker

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.facts import Facts
    from tests.servers.valkey import ValkeyContainer
    from tests.servers.worker import WorkerContainer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_while_a_wake_up_waits_in_the_queue_no_second_one_is_sent(client: FlaskClient, facts: Facts) -> None:
    for number in range(3):
        assert client.post("/analytics", json=report("v1", f"u{number}")).status_code == 202
        waker.join()
        wake_worker()
        facts.redis.delete("pulse:wakeup")  # As if its time were over.
    assert facts.redis.llen("pulse.persist") == 1


def test_a_key_of_another_type_in_place_of_the_queue_does_not_prevent_a_202(client: FlaskClient, facts: Facts) -> None:
    facts.redis.set("pulse.persist", "foreign")
    assert client.post("/analytics", json=report()).status_code == 202
    waker.join()
    assert (facts.waiting(), facts.redis.get("pulse.persist")) == (1, "foreign")


class TestSeparateBroker:
    """Celery's messages are on one Redis, the journal on another."""

    @pytest.fixture
    def broker(self, tmp_path: Path, ending: ExitStack) -> ValkeyContainer:
        container = start_valkey(tmp_path / "broker")
        ending.callback(container.teardown)
        return container

    @pytest.fixture
    def worker_env(self, worker_env: dict[str, str], broker: ValkeyContainer) -> dict[str, str]:
        return {**worker_env, "PULSE_BROKER_URL": broker.url}

    @pytest.fixture
    def worker(
        self, worker_env: dict[str, str], own_valkey: ValkeyContainer, tmp_path: Path, ending: ExitStack
    ) -> WorkerContainer:
        container = start_worker(tmp_path, {**worker_env, "PULSE_REDIS_URL": own_valkey.url})
        ending.callback(container.teardown)
        return container

    @pytest.mark.usefixtures("own_valkey")
    def test_without_workers_one_wake_up_waits_and_then_all_is_counted(
        self, client: FlaskClient, facts: Facts, broker: ValkeyContainer, request: pytest.FixtureRequest
    ) -> None:
        until, sent = time.monotonic() + config.WAKEUP_SECONDS + 1, 0
        while time.monotonic() < until or sent < 3000:
            batch = [report("v1", f"u{number}") for number in range(sent, sent + 100)]
            assert client.post("/analytics/batch", json={"events": batch}).status_code == 202
            sent += 100
        waker.join()
        assert broker.client.llen("pulse.persist") == 1
        assert not facts.redis.exists("pulse.persist")
        request.getfixturevalue("worker")
        facts.wait_until_settled(60)
        assert facts.counts() == {"v1": sent}
        assert not facts.redis.keys("_kombu*")

    @pytest.mark.nightly
    def test_while_the_broker_fails_reports_are_accepted_and_are_counted_afterwards(
        self, client: FlaskClient, facts: Facts, broker: ValkeyContainer, worker: WorkerContainer
    ) -> None:
        def post(user_id: str) -> None:
            started = time.monotonic()
            assert client.post("/analytics", json=report("v1", user_id)).status_code == 202
            assert time.monotonic() - started < 1

        post("before")
        facts.wait_until_settled()
        broker.kill()
        wait_until(lambda: "Cannot connect to" in worker.logs())
        post("killed")
        broker.start()
        facts.wait_until_settled(40)
        broker.process.pause()
        post("frozen")
        time.sleep(config.WAKEUP_SECONDS)
        broker.process.unpause()
        facts.wait_until_settled(40)
        broker.client.flushall()
        post("flushed")
        facts.wait_until_settled(40)
        assert facts.counts() == {"v1": 4}
