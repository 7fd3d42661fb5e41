"""The application on real servers, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

import itertools
import shutil
from typing import TYPE_CHECKING

import flask_migrate
import hypothesis
import pytest
from hypothesis import HealthCheck

from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.database import db
from pulse_analytics.ingest.journal import Journal
from pulse_analytics.ingest.waker import waker
from tests.facts import Facts
from tests.once import built_site, pytest_collection_finish  # noqa: F401
from tests.servers.fixtures import *  # noqa: F403
from tests.tiers import (  # noqa: F401
    pytest_collection_modifyitems,
    pytest_runtest_call,
    pytest_runtest_setup,
    pytest_xdist_make_scheduler,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.servers.postgres import PostgresServer
    from tests.servers.valkey import ValkeyContainer

TOKEN = "the-admin-token-of-tests"

_numbers = itertools.count(1)
_left: list[str] = []
"""PostgreSQL databases that are no longer needed."""

# No deadline, because machines are shared (the first text takes 3 s on a busy one). Examples may share a server.
hypothesis.settings.register_profile("pulse", deadline=None, suppress_health_check=list(HealthCheck))
hypothesis.settings.load_profile("pulse")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests recorded as `totals`, because the processes of pytest-xdist cannot print."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "totals":
                terminalreporter.write_line(f"{report.nodeid}: {value}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all migrations."""
    folder = tmp_path_factory.mktemp("sqlite")
    migrate(Settings.parse({}, folder))
    return folder / "pulse.db"


@pytest.fixture(scope="session")
def postgresql_template(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a PostgreSQL database with all migrations."""
    name = "pulse_template"
    url = postgres.create_database(name)
    migrate(Settings.parse({"PULSE_DATABASE_URL": url}, tmp_path_factory.mktemp("postgresql")))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, ending: ExitStack) -> str:
    """The URL of this test's own migrated database."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "pulse.db")
        return f"sqlite:///{tmp_path / 'pulse.db'}"
    template = request.getfixturevalue("postgresql_template")
    server: PostgresServer = request.getfixturevalue("postgres")
    while _left:
        server.drop_database(_left.pop())
    name = f"pulse_{next(_numbers)}"
    # The next test drops it, because now this test's workers still end and the server may be frozen or stopped.
    ending.callback(_left.append, name)
    return server.create_database(name, template)


@pytest.fixture
def changed_settings() -> dict[str, str]:
    """PULSE_* values that differ from the tests' usual ones; override it, or parametrize it."""
    return {}


@pytest.fixture
def worker_env(database_url: str, tmp_path: Path, changed_settings: dict[str, str]) -> dict[str, str]:
    """The environment of every process of the system under test, without PULSE_REDIS_URL."""
    return {
        "PULSE_DATA_DIR": str(tmp_path),
        "PULSE_DATABASE_URL": database_url,
        "PULSE_ADMIN_TOKEN": TOKEN,
        "PULSE_DATABASE_TIMEOUT_SECONDS": "2",
        "PULSE_STALE_AFTER_SECONDS": "3",
        **changed_settings,
    }


@pytest.fixture
def settings(worker_env: dict[str, str], valkey: ValkeyContainer, tmp_path: Path) -> Settings:
    """The settings of the system under test."""
    return Settings.parse({**worker_env, "PULSE_REDIS_URL": valkey.url}, tmp_path)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application, with an application context."""
    app = create_app(settings)
    with app.app_context():
        yield app
        waker.join()  # A late wake-up would reach the next test.
        db.engine.dispose()
        app.extensions["pulse_journal"].redis.close()
        app.extensions["celery"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application."""
    return app.test_client()


@pytest.fixture
def journal(app: Flask) -> Journal:
    """The application's journal."""
    journal: Journal = app.extensions["pulse_journal"]
    return journal


@pytest.fixture
def facts(app: Flask, valkey: ValkeyContainer) -> Iterator[Facts]:
    """What Redis and the database hold."""
    facts = Facts(app, valkey.client)
    yield facts
    facts.close()


def migrate(settings: Settings) -> None:
    """Upgrade a database to the newest migration."""
    with create_app(settings).app_context():
        flask_migrate.upgrade()
        db.engine.dispose()
