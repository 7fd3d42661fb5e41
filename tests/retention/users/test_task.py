"""Erasures that real workers do, and real processes that are killed in the middle of one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pulse_analytics.ingest.recorder import record
from tests.facts import Facts, report, wait_until
from tests.ingest.test_worker import accept, database_locked, workers
from tests.retention.users.conftest import ADA, BOB, Pulse, mentions
from tests.retention.users.test_views import delete
from tests.servers.worker import ROOT
from tests.test_events import NOON, event
from tests.web.test_guard import bearer

if TYPE_CHECKING:
    from typing import Any

    from flask.testing import FlaskClient
    from pytest_celery import CeleryTestSetup

    from pulse_analytics.config import Settings

MANY = 60_000
"""Raw events of a user, so that a kill finds the erasure in its middle."""


def status(client: FlaskClient, path: str) -> str:
    return str(client.get(path, headers=bearer()).get_json()["status"])


def finished(client: FlaskClient, path: str, seconds: float = 30) -> dict[str, Any]:
    """The receipt, once it is finished."""
    wait_until(lambda: status(client, path) == "finished", seconds)
    receipt: dict[str, Any] = client.get(path, headers=bearer()).get_json()
    return receipt


def fill(user_id: str = ADA) -> None:
    """Record MANY events of one user."""
    for start in range(0, MANY, 2000):
        record([event(f"v{n % 7}", user_id, ts=NOON - n) for n in range(start, start + 2000)])


@pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)], indirect=True
)
def test_a_worker_records_what_waits_and_then_erases_it(
    client: FlaskClient, facts: Facts, pulse: Pulse, celery_setup: CeleryTestSetup
) -> None:
    workers(celery_setup)
    with database_locked("LOCK TABLE video_events IN EXCLUSIVE MODE"):
        accept(client, [report(f"v{number}", user) for number in range(20) for user in (ADA, BOB)])
        wait_until(lambda: facts.pending() > 0)
    answer = delete(client)
    receipt = finished(client, answer.headers["Location"])
    assert (receipt["rawEvents"], receipt["dedupeKeys"]) == (20, 20)
    assert (mentions(facts, ADA), facts.rows(), facts.archived()) == ([], 20, 20)
    assert sum(facts.counts().values()) == 40
    assert not facts.redis.exists("pulse:erasures")
    facts.wait_until_settled()
    pulse.assert_books_closed()
    [worker] = celery_setup.worker_cluster
    assert ADA not in worker.logs()


@pytest.mark.nightly
@pytest.mark.parametrize("worker_concurrency", [1], indirect=True)
def test_a_worker_with_one_process_does_not_wait_for_itself(
    client: FlaskClient, facts: Facts, celery_setup: CeleryTestSetup
) -> None:
    workers(celery_setup)
    for number in range(10):
        accept(client, [report(f"v{number}", ADA)])
        path = delete(client).headers["Location"]
    finished(client, path)
    assert mentions(facts, ADA) == []


@pytest.mark.nightly
def test_an_erasure_whose_worker_is_killed_is_finished_by_the_timer_of_another(
    client: FlaskClient, facts: Facts, pulse: Pulse, celery_setup: CeleryTestSetup
) -> None:
    [worker] = workers(celery_setup)
    fill()
    counts = facts.counts()
    path = delete(client).headers["Location"]
    wait_until(lambda: facts.sql("SELECT raw_events FROM erasures")[0][0] > 0, 30)
    worker.kill()
    assert status(client, path) == "running"
    assert 0 < facts.rows() < MANY
    facts.redis.delete("pulse.persist")  # Also a message that waits is lost.
    worker.restart()
    assert finished(client, path, 60)["rawEvents"] == MANY
    assert (mentions(facts, ADA), facts.rows(), facts.counts()) == ([], 0, counts)
    assert not facts.redis.exists("pulse:erasures")
    facts.assert_aggregates_exact()


@pytest.mark.nightly
@pytest.mark.parametrize("with_counts", [False, True], ids=["counts stay", "counts go"])
def test_a_command_that_is_killed_in_the_middle_completes_when_it_is_run_again(
    facts: Facts, pulse: Pulse, settings: Settings, worker_env: dict[str, str], with_counts: bool
) -> None:
    fill()
    record([event("v1", BOB)])
    counts = {"v1": 1} if with_counts else facts.counts()
    arguments = [ADA, *(["--with-counts"] if with_counts else [])]
    command = [sys.executable, "-m", "pulse_analytics", "forget", *arguments]
    env = {**os.environ, **worker_env, "PULSE_REDIS_URL": settings.redis_url}
    for _ in range(3):
        with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE) as process:
            _wait_until_more_is_erased(facts)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        facts.assert_aggregates_exact()
        erased, rows = _erased(facts), facts.rows()
        assert (erased + rows, rows > 1) == (MANY + 1, True)
    assert pulse.receipt(*arguments)["rawEvents"] == MANY
    assert (mentions(facts, ADA), facts.rows(), facts.counts()) == ([], 1, counts)
    facts.assert_aggregates_exact()


def _wait_until_more_is_erased(facts: Facts) -> None:
    before = _erased(facts)
    wait_until(lambda: _erased(facts) > before, 30)


def _erased(facts: Facts) -> int:
    return sum(row[0] for row in facts.sql("SELECT raw_events FROM erasures"))
