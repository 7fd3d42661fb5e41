"""Servers that accept connections and do not answer: nothing waits forever, and other requests are not held up."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import urllib3
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from pulse_analytics import config
from pulse_analytics.database import db
from pulse_analytics.database.postgresql import patience
from tests.conftest import TOKEN
from tests.facts import Facts, report, wait_until
from tests.servers import reaper
from tests.servers.local_process import frozen
from tests.servers.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from pytest_celery import CeleryTestSetup

    from tests.servers.postgres import PostgresServer
    from tests.servers.valkey import ValkeyContainer
    from tests.servers.web import Web

http = urllib3.PoolManager(retries=False, timeout=10, maxsize=8)
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Answer(NamedTuple):
    status: int
    seconds: float


def ask(app: Flask, method: str, path: str, **options: Any) -> Answer:
    """One request with a new client."""
    started = time.monotonic()
    status = app.test_client().open(path, method=method, **options).status_code
    return Answer(status, time.monotonic() - started)


def post(app: Flask, user_id: str) -> Answer:
    return ask(app, "POST", "/analytics", json=report("v1", user_id))


def top(app: Flask) -> Answer:
    return ask(app, "GET", "/admin/analytics/top", headers=HEADERS)


@only_sqlite
class TestWhileTheBrokerHangs:
    """Another thread sends wake-ups, so requests do not wait for the broker."""

    @pytest.fixture
    def broker(self, tmp_path: Path) -> Iterator[ValkeyContainer]:
        container = start_valkey(tmp_path / "broker")
        yield container
        container.teardown()

    @pytest.fixture
    def worker_env(self, worker_env: dict[str, str], broker: ValkeyContainer) -> dict[str, str]:
        return {**worker_env, "PULSE_BROKER_URL": broker.url}

    def test_reports_are_accepted_and_the_worker_is_woken_afterwards(
        self, web: Web, broker: ValkeyContainer, facts: Facts
    ) -> None:
        def post(number: int) -> int:
            sent = report("v1", f"u{number}")
            return http.request("POST", f"{web.url}/analytics", json=sent, timeout=1).status

        with frozen(broker.process), ThreadPoolExecutor(8) as threads:
            assert {*threads.map(post, range(1000))} == {202}
        wait_until(lambda: post(time.time_ns()) == 202 and broker.client.llen("pulse.persist") > 0)
        assert facts.waiting() > 1000

    def test_a_stop_does_not_wait_for_the_broker(self, web: Web, broker: ValkeyContainer) -> None:
        with frozen(broker.process):
            assert http.request("POST", f"{web.url}/analytics", json=report()).status == 202
            web.process.kill("SIGTERM")
            wait_until(lambda: web.process.status == "exited", 6)


@only_sqlite
class TestWhileRedisHangs:
    def test_only_one_request_at_a_time_waits_for_it(self, app: Flask, own_valkey: ValkeyContainer) -> None:
        with frozen(own_valkey.process):
            assert post(app, "first").status == 503
            time.sleep(config.BREAKER_PAUSE_SECONDS)
            with ThreadPoolExecutor(16) as threads:
                answers = list(threads.map(lambda number: post(app, f"u{number}"), range(16)))
        assert {answer.status for answer in answers} == {503}
        assert len([answer for answer in answers if answer.seconds > 0.5]) == 1

    def test_each_answer_has_retry_after(self, client: FlaskClient, own_valkey: ValkeyContainer) -> None:
        with frozen(own_valkey.process):
            for _ in range(2):  # The one that timed out, and one that the breaker refused.
                answer = client.post("/analytics", json=report())
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
                assert answer.content_type == "application/problem+json"

    def test_readyz_names_redis_without_waiting_again(self, app: Flask, own_valkey: ValkeyContainer) -> None:
        with frozen(own_valkey.process):
            post(app, "first")
            answer = app.test_client().get("/readyz").get_json()
            assert answer["checks"]["redis"].startswith("Redis does not answer")

    def test_redis_is_probed_again_and_all_retried_reports_count(
        self, app: Flask, facts: Facts, own_valkey: ValkeyContainer, celery_setup: CeleryTestSetup
    ) -> None:
        sent = report("v1")
        with frozen(own_valkey.process):
            assert ask(app, "POST", "/analytics", json=sent).status == 503
        # A command in the socket buffer may be carried out after the request timed out; then the retry is a duplicate.
        wait_until(lambda: ask(app, "POST", "/analytics", json=sent).status in {200, 202}, 10)
        facts.wait_until_settled()
        assert facts.counts() == {"v1": 1}

    def test_a_stopped_redis_is_tried_by_each_request(self, app: Flask, own_valkey: ValkeyContainer) -> None:
        own_valkey.kill()
        assert post(app, "u1").status == 503
        own_valkey.start()
        assert post(app, "u1").status == 202


@only_postgresql
class TestWhileTheDatabaseHangs:
    def test_reports_are_accepted_and_waiting_readers_block_no_other_request(
        self, app: Flask, postgres: PostgresServer
    ) -> None:
        assert top(app).status == 200
        with ThreadPoolExecutor(32) as threads, frozen(postgres.process):
            readers = [threads.submit(top, app) for _ in range(16)]
            posts = [post(app, f"u{number}") for number in range(20)]
            answers = [reader.result() for reader in readers]
        assert {answer.status for answer in posts} == {202}
        assert {answer.status for answer in answers} == {503}
        # It tries a pooled connection first, for 2 + 1 s here, then a new one.
        assert max(answer.seconds for answer in answers) < 8
        assert len([answer for answer in answers if answer.seconds > 2]) <= config.DATABASE_CONNECTIONS

    def test_readyz_names_the_database_and_is_ready_again_afterwards(
        self, app: Flask, postgres: PostgresServer
    ) -> None:
        assert top(app).status == 200
        with frozen(postgres.process):
            answer = app.test_client().get("/readyz")
            assert answer.status_code == 503
            assert answer.get_json()["checks"]["redis"] == "ok"
        wait_until(lambda: app.test_client().get("/readyz").status_code == 200, 10)
        assert top(app).status == 200

    def test_a_worker_times_out_and_counts_when_the_database_answers_again(
        self, client: FlaskClient, facts: Facts, celery_setup: CeleryTestSetup, postgres: PostgresServer
    ) -> None:
        container = celery_setup.worker.container
        client.post("/analytics", json=report("v1", "u1"))
        facts.wait_until_settled()
        pids = reaper.members(container.process.pid)
        with frozen(postgres.process):
            client.post("/analytics", json=report("v1", "u2"))
            wait_until(lambda: "no answer within" in container.logs() or "timeout" in container.logs())
        facts.wait_until_settled()
        assert facts.counts() == {"v1": 2}
        assert reaper.members(container.process.pid) == pids

    def test_a_statement_may_have_its_own_time_limit(self, app: Flask) -> None:
        with db.engine.connect() as connection:
            with connection.begin(), patience(connection, 5):
                connection.execute(text("SELECT pg_sleep(3.5)"))
            with pytest.raises(OperationalError, match="statement timeout"), connection.begin():
                connection.execute(text("SELECT pg_sleep(3.5)"))
