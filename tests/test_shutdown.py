"""On SIGTERM, web server and worker finish what they have taken, so that nothing is left half done."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import urllib3

from tests.facts import Facts, report, wait_until

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from pytest_celery import CeleryTestSetup

    from tests.servers.valkey import ValkeyContainer
    from tests.servers.web import Web

http = urllib3.PoolManager(retries=False, timeout=10, maxsize=8)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_web_server_answers_the_requests_that_it_has_accepted(web: Web, own_valkey: ValkeyContainer) -> None:
    def post(number: int) -> int:
        return http.request("POST", f"{web.url}/analytics", json=report("v1", f"u{number}")).status

    assert post(0) == 202
    with ThreadPoolExecutor(8) as threads:
        own_valkey.process.pause()
        answers = [threads.submit(post, number) for number in range(1, 9)]
        time.sleep(0.3)
        web.process.kill("SIGTERM")
        time.sleep(0.3)
        assert web.process.status == "running"  # It still waits for Redis' answers.
        own_valkey.process.unpause()
        assert [answer.result() for answer in answers] == [202] * 8
    wait_until(lambda: web.process.status == "exited", 10)


def test_a_worker_finishes_the_batch_that_it_has_taken(
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
