"""The stack, once on SQLite and once on PostgreSQL, and visits of its admin page. Browser errors fail a test."""

from __future__ import annotations

import itertools
import re
import shutil
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.admin.complaints import Complaints
from tests.browser.admin.database import Database
from tests.browser.admin.stack import AdminStack
from tests.browser.admin.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page

    from tests.servers.postgres import PostgresServer

DATABASE = "pulse_admin_page"
PATIENCE_MS = 12_000
NOON = 12
LONGEST_TEST = timedelta(seconds=30)

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def sqlite_stack(
    built_site: None, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AdminStack]:
    """The stack on a SQLite file, shared by all tests."""
    folder = tmp_path_factory.mktemp("admin-sqlite")
    shutil.copy(sqlite_template, folder / "pulse.db")
    with AdminStack(folder, f"sqlite:///{folder / 'pulse.db'}") as stack:
        yield stack


@pytest.fixture(scope="module")
def own_database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database of a module's own, on SQLite, without any videos."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copy(sqlite_template, folder / "pulse.db")
    return Database(f"sqlite:///{folder / 'pulse.db'}", folder)


@pytest.fixture(scope="session")
def postgresql_stack(
    built_site: None, postgres: PostgresServer, postgresql_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AdminStack]:
    """The stack on PostgreSQL, shared by all tests."""
    folder = tmp_path_factory.mktemp("admin-postgresql")
    with AdminStack(folder, postgres.create_database(DATABASE, postgresql_template), postgres) as stack:
        yield stack
    postgres.drop_database(DATABASE)


@pytest.fixture(params=["sqlite", "postgresql"])
def stack(request: pytest.FixtureRequest) -> AdminStack:
    """The stack on either database."""
    stack: AdminStack = request.getfixturevalue(f"{request.param}_stack")
    return stack


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A visitor from the United States in a time zone where it is a different day than in UTC."""
    zone = "Pacific/Kiritimati" if datetime.now(UTC).hour >= NOON else "Etc/GMT+12"
    size = {"width": 1440, "height": 900}
    return {**browser_context_args, "locale": "en-US", "timezone_id": zone, "viewport": size}


@pytest.fixture
def complaints(context: BrowserContext) -> Iterator[Complaints]:
    """The browser's errors. At the end of the test, all must have been expected."""
    complaints = Complaints(context)
    yield complaints
    assert complaints.unexpected() == []


@pytest.fixture
def guest(page: Page, stack: AdminStack, complaints: Complaints) -> Visit:
    """A visitor who has not signed in."""
    page.set_default_timeout(PATIENCE_MS)
    return Visit(page, stack.url, complaints)


@pytest.fixture
def visit(guest: Visit) -> Visit:
    """A visitor who has signed in."""
    return guest.enter()


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """The prefix of the ids of this test's own videos."""
    name = re.sub(r"[^\w-]+", "-", request.node.name.removeprefix("test_"))[:40]
    return f"{name}-{next(_numbers)}-"


@pytest.fixture
def today() -> date:
    """The current UTC day. If it is about to end, wait for the next one."""
    now = datetime.now(UTC)
    day = (now + LONGEST_TEST).date()
    while datetime.now(UTC).date() < day:
        time.sleep(0.1)
    return day
