"""The number of connections to PostgreSQL: no more than docs/operations.md says."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import urllib3

from pulse_analytics.config import DATABASE_CONNECTIONS
from tests.conftest import TOKEN
from tests.facts import report

if TYPE_CHECKING:
    from pytest_celery import CeleryTestSetup

    from tests.facts import Facts
    from tests.servers.web import Web

WEB_PROCESSES, WORKER_PROCESSES = 2, 2
CLIENTS = 40
LOOKS = 300
PATHS = ("/admin/analytics/top", "/admin/analytics/series", "/admin/analytics/export.csv", "/readyz")
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.mark.nightly
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_under_load_the_processes_stay_within_their_documented_number_of_connections(
    facts: Facts, web: Web, celery_setup: CeleryTestSetup
) -> None:
    assert celery_setup.ready(ping=False, control=True, docker=True)
    http = urllib3.PoolManager(maxsize=CLIENTS, retries=False, timeout=30)
    stop = threading.Event()

    def load(client: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            http.request("POST", f"{web.url}/analytics", json=report("v1", f"u{client}-{number}"))
            http.request("GET", f"{web.url}{PATHS[client % len(PATHS)]}", headers={"Authorization": f"Bearer {TOKEN}"})

    with ThreadPoolExecutor(CLIENTS) as threads:
        for client in range(CLIENTS):
            threads.submit(load, client)
        most = max(facts.sql(CONNECTIONS)[0][0] for _ in range(LOOKS))
        stop.set()
    facts.wait_until_settled()
    bound = WEB_PROCESSES * DATABASE_CONNECTIONS + WORKER_PROCESSES
    assert WORKER_PROCESSES + DATABASE_CONNECTIONS < most <= bound
