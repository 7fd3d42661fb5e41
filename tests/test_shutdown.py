"""SIGTERM drains: what was taken is finished, and the next to start finds nothing half done."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import urllib3

from pulse_analytics.up import stack
from pulse_analytics.up.program import http_lacks
from tests.facts import Facts, report, wait_until
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from pytest_celery import CeleryTestSetup

    from pulse_analytics.config import Settings
    from tests.servers.valkey import ValkeyContainer

http = urllib3.PoolManager(retries=False, timeout=10, maxsize=8)


@pytest.fixture
def web(settings: Settings, worker_env: dict[str, str], tmp_path: Path) -> Iterator[tuple[LocalProcess, str]]:
    """The web server of `pulse up`, and its address."""
    program = stack.web(replace(settings, port=(port := free_port())))
    env = {**worker_env, "PULSE_REDIS_URL": settings.redis_url}
    process = LocalProcess(program.command, tmp_path, name="web", env=env, cwd=ROOT)
    process.start()
    wait_until(lambda: http_lacks(port, "/readyz") is None)
    yield process, f"http://127.0.0.1:{port}"
    process.remove()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_web_server_answers_the_requests_that_it_took(
    web: tuple[LocalProcess, str], own_valkey: ValkeyContainer
) -> None:
    process, url = web

    def post(number: int) -> int:
        return http.request("POST", f"{url}/analytics", json=report("v1", f"u{number}")).status

    assert post(0) == 202
    with ThreadPoolExecutor(8) as threads:
        own_valkey.process.pause()
        answers = [threads.submit(post, number) for number in range(1, 9)]
        time.sleep(0.3)
        process.kill("SIGTERM")
        time.sleep(0.3)
        assert process.status == "running"  # It waits for Redis' answers.
        own_valkey.process.unpause()
        assert [answer.result() for answer in answers] == [202] * 8
    wait_until(lambda: process.status == "exited", 10)


def test_a_worker_finishes_the_batch_that_it_took(
    client: FlaskClient, facts: Facts, celery_setup: CeleryTestSetup
) -> None:
    process = celery_setup.worker.container.process
    process.pause()
    for start in range(0, 20_000, 500):
        reports = [report("v1", f"u{number}") for number in range(start, start + 500)]
        assert client.post("/analytics/batch", json={"events": reports}).status_code == 202
    process.unpause()
    wait_until(lambda: facts.pending() > 0)
    process.kill("SIGTERM")
    wait_until(lambda: process.status == "exited", 10)
    assert facts.pending() == 0
    facts.assert_exact()
