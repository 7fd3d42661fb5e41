"""Behind a real PgBouncer, in session and transaction mode, every time limit holds, or an error says what is needed."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from pulse_analytics.app import create_app
from pulse_analytics.audit.commands import audit_command, rebuild_command
from pulse_analytics.config import Settings
from pulse_analytics.database import db, reading, writing
from pulse_analytics.database.postgresql import is_pooled
from pulse_analytics.ingest.recorder import record
from pulse_analytics.retention.expire_command import expire_command
from tests.conftest import migrate
from tests.facts import Facts, report
from tests.servers.debian import Missing
from tests.servers.pgbouncer import PgBouncer
from tests.test_events import event

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from pytest_celery import CeleryTestSetup

    from tests.servers.postgres import PostgresServer

LIMITS = {
    "statement_timeout": "500ms",
    "lock_timeout": "500ms",
    "idle_in_transaction_session_timeout": "500ms",
    "synchronous_commit": "on",
    "plan_cache_mode": "force_custom_plan",
}

patient = pytest.mark.parametrize("changed_settings", [{}], ids=["patient"])
"""With the usual time limit: these tests are not about limits, and a busy machine may stall for 0.5 s."""
only_transactions = pytest.mark.parametrize("mode", ["transaction"])

_numbers = itertools.count(1)


@pytest.fixture(params=["session", "transaction"])
def mode(request: pytest.FixtureRequest) -> str:
    """The pool mode: session or transaction."""
    return str(request.param)


@pytest.fixture
def ignored() -> str:
    """The start-up parameters that the pooler is configured to ignore."""
    return "options"


@pytest.fixture
def database(postgres: PostgresServer, postgresql_template: str, ending: ExitStack) -> str:
    """A migrated database whose commits do not wait for the disk by default."""
    name = f"pooled_{next(_numbers)}"
    postgres.create_database(name, postgresql_template)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off".encode())
    ending.callback(postgres.drop_database, name)
    return name


@pytest.fixture
def pgbouncer(postgres: PostgresServer, tmp_path: Path, ending: ExitStack, mode: str, ignored: str) -> PgBouncer:
    """A pooler with a connection for each process in session mode, and a single one for all in transaction mode."""
    try:
        pooler = PgBouncer(
            postgres, tmp_path / "pgbouncer", mode, connections=20 if mode == "session" else 1, ignored=ignored
        )
    except Missing as missing:
        pytest.skip(str(missing))
    ending.callback(pooler.close)
    return pooler


@pytest.fixture
def database_url(pgbouncer: PgBouncer, database: str) -> str:
    """The URL of `database` through the pooler."""
    return pgbouncer.url(database)


@pytest.fixture
def changed_settings() -> dict[str, str]:
    """A time limit so short that a test can wait for it."""
    return {"PULSE_DATABASE_TIMEOUT_SECONDS": "0.5"}


@pytest.mark.parametrize("ignored", ["options", "extra_float_digits"], ids=["options ignored", "options refused"])
def test_behind_a_pooler_every_transaction_has_its_time_limits(
    client: FlaskClient, postgres: PostgresServer, database: str
) -> None:
    with psycopg.connect(postgres.url(database)) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("off",)
    for transaction in (reading, writing(db.engine).begin, reading):
        with transaction() as connection:
            assert is_pooled(connection)
            assert {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in LIMITS} == LIMITS
    assert client.get("/readyz").status_code == 200


def test_behind_a_pooler_a_blocked_statement_ends_after_its_limit(
    app: Flask, postgres: PostgresServer, database: str
) -> None:
    with psycopg.connect(postgres.url(database)) as other:
        other.execute("LOCK TABLE video_events")
        began = time.monotonic()
        with pytest.raises(OperationalError, match=r"canceling statement due to (statement|lock) timeout"):
            record([event()])
        assert 0.4 < time.monotonic() - began < 1.4
    assert len(record([event()])) == 1


@patient
@only_transactions
def test_behind_a_pooler_repeated_statements_of_two_processes_do_not_clash(app: Flask, settings: Settings) -> None:
    # psycopg prepares a statement at its sixth use, under a name that counts up in each process.
    for number, each in itertools.product(range(8), [app, create_app(settings)]):
        with each.app_context():
            assert len(record([event("v", f"{id(each)}-{number}")])) == 1
            if number == 7:
                db.engine.dispose()


@patient
@only_transactions
def test_a_worker_that_shares_a_server_connection_never_fails(
    celery_setup: CeleryTestSetup, client: FlaskClient, facts: Facts
) -> None:
    for number in range(20):
        assert client.post("/analytics", json=report(user_id=f"u{number}")).status_code == 202
        assert len(record([event("v2", f"u{number}")])) == 1  # By this process, with its own prepared statements.
        time.sleep(0.1)
    facts.wait_until_settled()
    assert facts.rows() == 40
    log = celery_setup.worker.logs()
    assert not [line for line in log.splitlines() if "Error" in line or "Retry" in line]
    assert "leads to a connection pooler" in log


@patient
def test_behind_a_pooler_an_audit_finds_wrong_counters_and_leaves_no_table(
    app: Flask, postgres: PostgresServer, database: str
) -> None:
    record([event()])
    run = app.test_cli_runner().invoke
    assert [run(audit_command).exit_code for _ in range(2)] == [0, 0]
    with psycopg.connect(postgres.url(database), autocommit=True) as connection:
        connection.execute("UPDATE video_metrics SET watched_50_count = 7")
        assert [run(audit_command).exit_code for _ in range(2)] == [1, 1]
        assert connection.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'recount%'").fetchone() == (0,)


@patient
def test_behind_a_pooler_raw_events_expire(app: Flask) -> None:
    record([event()])
    assert app.test_cli_runner().invoke(expire_command, ["--days", "30"]).stdout.startswith("1 raw events")
    assert app.test_cli_runner().invoke(audit_command).exit_code == 0


@patient
def test_behind_a_pooler_a_rebuild_asks_for_a_direct_connection(app: Flask) -> None:
    record([event()])
    done = app.test_cli_runner().invoke(rebuild_command)
    assert done.exit_code == 1
    assert "PULSE_DATABASE_URL leads to a connection pooler" in done.stderr
    assert "PULSE_DATABASE_URL set to PostgreSQL itself" in done.stderr


def test_an_empty_database_is_migrated_through_a_pooler(
    pgbouncer: PgBouncer, postgres: PostgresServer, postgresql_template: str, tmp_path: Path
) -> None:
    name = f"empty_{next(_numbers)}"
    postgres.create_database(name)
    migrate(Settings.parse({"PULSE_DATABASE_URL": pgbouncer.url(name)}, tmp_path))
    with (
        psycopg.connect(postgres.url(name)) as migrated,
        psycopg.connect(postgres.url(postgresql_template)) as template,
    ):
        versions = [each.execute("SELECT version_num FROM alembic_version").fetchall() for each in (migrated, template)]
    assert versions[0] == versions[1] != []
    postgres.drop_database(name)
