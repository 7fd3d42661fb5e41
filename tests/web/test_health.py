"""/healthz: the process is alive. /readyz: it can accept reports and answer them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import flask_migrate
import pytest

from pulse_analytics.config import READY_SECONDS
from tests.facts import Facts
from tests.servers.local_process import frozen

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.servers.postgres import PostgresServer
    from tests.servers.valkey import ValkeyContainer


def test_readyz_is_200_while_redis_and_the_database_are_up(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ready", "checks": {"redis": "ok", "database": "ok"}}


def test_readyz_names_a_missing_migration(client: FlaskClient) -> None:
    flask_migrate.downgrade(revision="0001")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["checks"] == {
        "redis": "ok",
        "database": "it is at migration 0001, the code at 0007: run `pulse db upgrade`.",
    }


def test_readyz_is_200_at_a_newer_migration_than_the_code_knows(client: FlaskClient, facts: Facts) -> None:
    facts.sql("UPDATE alembic_version SET version_num = '9999'")
    assert client.get("/readyz").status_code == 200


def test_readyz_names_a_database_without_migrations(client: FlaskClient, facts: Facts) -> None:
    facts.sql("DELETE FROM alembic_version")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "it is at migration zero" in answer.get_json()["checks"]["database"]


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGSTOP"])
def test_readyz_names_a_stopped_or_hung_redis_in_time(
    client: FlaskClient, own_valkey: ValkeyContainer, signal: str
) -> None:
    assert client.get("/readyz").status_code == 200
    own_valkey.kill(signal)
    time.sleep(READY_SECONDS)
    started = time.monotonic()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "Redis does not answer" in answer.get_json()["checks"]["redis"]
    assert time.monotonic() - started < 2
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("queue:analytics", "queue:analytics holds a string, left by another system"),
        ("queue:analytics:dead", "queue:analytics:dead holds a string"),
        ("pulse:ledger", "pulse:ledger holds a string"),
        ("pulse:minutes", "pulse:minutes holds a string"),
        ("pulse.persist", "pulse.persist holds a string"),
    ],
)
def test_readyz_names_a_key_of_another_type(client: FlaskClient, facts: Facts, key: str, says: str) -> None:
    facts.redis.set(key, "foreign")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert says in answer.get_json()["detail"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_readyz_names_a_stopped_database(client: FlaskClient, postgres: PostgresServer) -> None:
    postgres.stop()
    try:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "the database does not answer" in answer.get_json()["checks"]["database"]
    finally:
        postgres.start()
    time.sleep(READY_SECONDS)
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_while_the_database_hangs_one_request_probes_it_and_others_are_answered_soon(
    app: Flask, postgres: PostgresServer
) -> None:
    def ask() -> tuple[int, float]:
        began = time.monotonic()
        return app.test_client().get("/readyz").status_code, time.monotonic() - began

    assert ask()[0] == 200
    time.sleep(READY_SECONDS)
    with ThreadPoolExecutor(12) as threads, frozen(postgres.process):
        answers = list(threads.map(lambda _: ask(), range(12)))
    assert {status for status, _ in answers} == {503}
    assert len([seconds for _, seconds in answers if seconds > 1]) == 1
