"""Workers archive raw events by themselves, with PULSE_RETENTION_DAYS: one pass at a time, and one a day."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics.ingest.waker import waker
from pulse_analytics.queueing import EXPIRE_TASK
from tests.facts import report, wait_until
from tests.retention.conftest import accept, record_all
from tests.servers.worker import WorkerContainer

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from flask.testing import FlaskClient

    from pulse_analytics.ingest.journal import Journal
    from tests.audit.conftest import Pulse
    from tests.facts import Facts
    from tests.servers.valkey import ValkeyContainer

pytestmark = [
    pytest.mark.parametrize("changed_settings", [{"PULSE_RETENTION_DAYS": "30"}]),
    pytest.mark.parametrize(
        "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)], indirect=True
    ),
]

PASS = "pulse:expiry"
CHECKS_SECONDS = 1.0
"""Several of the timer's checks."""


@pytest.fixture
def workers(own_valkey: ValkeyContainer, worker_env: dict[str, str], tmp_path: Path, ending: ExitStack) -> Any:
    """Start some workers."""

    def start(*names: str) -> list[WorkerContainer]:
        env = {**worker_env, "PULSE_REDIS_URL": own_valkey.url}
        started = [WorkerContainer(tmp_path, env, 1, name, module="tests.retention.eager_worker") for name in names]
        for worker in started:
            ending.callback(worker.teardown)
            worker.process.start()
        for worker in started:
            worker.ready()
        return started

    return start


def count(journal: Journal, old: int) -> None:
    """Count events: so many that were received more than 30 days ago, and one that was not."""
    accept(journal, "new", 29)
    for number in range(old):
        accept(journal, f"u{number}", 31)
    record_all(journal)


def test_a_worker_archives_by_itself_once_a_day_unless_another_pass_is_under_way(
    journal: Journal,
    facts: Facts,
    pulse: Pulse,
    workers: Any,
) -> None:
    count(journal, 60)
    facts.redis.set(PASS, "another")
    [worker] = workers("one")
    wait_until(lambda: worker.logs().count("expire_events") > 4)
    assert facts.archived() == 0
    facts.redis.delete(PASS)
    wait_until(lambda: facts.archived() == 60)
    wait_until(lambda: facts.redis.ttl(PASS) > 86_000)
    accept(journal, "old", 31)
    facts.wait_until_settled()
    time.sleep(CHECKS_SECONDS)
    assert (facts.rows(), facts.archived()) == (2, 60), "A day has not passed."
    done = pulse.audit()
    assert done.exit_code == 0, done.stdout


@pytest.mark.nightly
def test_after_all_workers_were_killed_another_one_goes_on_while_events_flow(
    client: FlaskClient,
    journal: Journal,
    facts: Facts,
    pulse: Pulse,
    workers: Any,
) -> None:
    count(journal, 160)
    both = workers("one", "another")
    wait_until(lambda: facts.archived() > 0)
    for worker in both:
        worker.kill()
    archived = facts.archived()
    assert 0 < archived < 160
    facts.assert_exact()
    workers("last")
    for number in range(20):
        assert client.post("/analytics", json=report("v1", f"during-{number}")).status_code == 202
    wait_until(lambda: facts.archived() == 160, 40)
    facts.wait_until_settled()
    assert (facts.rows(), sum(facts.counts().values())) == (21, 181)
    done = pulse.audit()
    assert done.exit_code == 0, done.stdout


@pytest.mark.nightly
def test_a_pass_ends_when_another_one_has_taken_its_place(journal: Journal, facts: Facts, workers: Any) -> None:
    count(journal, 160)
    workers("one", "another")
    wait_until(lambda: facts.archived() > 0)
    facts.redis.set(PASS, "another")
    time.sleep(0.5)  # The run that is under way.
    archived = facts.archived()
    time.sleep(CHECKS_SECONDS)
    assert facts.archived() == archived < 160
    facts.assert_exact()


@pytest.mark.nightly
def test_a_message_in_the_queue_does_not_delay_counting_although_it_suppresses_a_wake_up(
    client: FlaskClient, facts: Facts, workers: Any
) -> None:
    facts.redis.set(PASS, "another")
    [worker] = workers("one")
    worker.process.pause()
    time.sleep(0.1)
    facts.redis.delete("pulse.persist")
    client.application.extensions["celery"].send_task(EXPIRE_TASK)
    assert client.post("/analytics", json=report()).status_code == 202
    waker.join()
    assert facts.redis.llen("pulse.persist") == 1
    facts.redis.set("pulse:wakeup", "1", px=8000)  # Until then the timer wakes nobody.
    worker.process.unpause()
    facts.wait_until_settled(4)
