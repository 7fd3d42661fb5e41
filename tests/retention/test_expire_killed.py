"""If a worker or `pulse expire` is killed, nothing counts twice, no count is lost, and the next run goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics.ingest.journal import Journal
from pulse_analytics.retention.archive import archive, sweep, sweep_slice
from pulse_analytics.retention.expire import received_before
from tests.facts import Facts, wait_until
from tests.retention.conftest import accept, assert_closed, record_all, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from sqlalchemy import ColumnElement, Connection

    from pulse_analytics.config import Settings
    from tests.audit.conftest import Pulse

RECORDER = """
import time
from pulse_analytics.app import create_app
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.recorder import record

with create_app().app_context():
    entries = current_journal().take("killed").entries
    record([entry.event for entry in entries])
    print(len(entries), flush=True)
    time.sleep(60)
"""

SLOW_EXPIRE = """
import time
from pulse_analytics import config
from pulse_analytics.app import create_app
from pulse_analytics.retention import archive
from pulse_analytics.retention.archive import sweep
from pulse_analytics.retention.expire import received_before

def slowly(connection, rows):
    gone = archive.archive(connection, rows)
    time.sleep(0.05)  # Killed here, it has deleted rows that it has not committed.
    return gone

config.ARCHIVE_SIZE = 4
with create_app().app_context():
    print(sweep(received_before(30), act=slowly), flush=True)
"""


@pytest.fixture
def start(settings: Settings, worker_env: dict[str, str]) -> Iterator[Any]:
    """Start a process of the system."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str) -> subprocess.Popen[str]:
        env = {**os.environ, **worker_env, "PULSE_REDIS_URL": settings.redis_url}
        command = [sys.executable, "-c", script]
        started.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "database_url", [pytest.param("sqlite", marks=pytest.mark.nightly), "postgresql"], indirect=True
)
def test_if_a_worker_is_killed_between_commit_and_settle_its_events_stay_until_they_are_settled_and_count_once(
    app: Flask,
    settings: Settings,
    journal: Journal,
    facts: Facts,
    pulse: Pulse,
    start: Any,
) -> None:
    for number in range(5):
        accept(journal, f"u{number}", 31)
    worker = start(RECORDER)
    assert worker.stdout.readline() == "5\n"
    worker.kill()
    worker.wait()
    assert (facts.rows(), facts.pending()) == (5, 5)
    said = run(app, "--days", "30").stdout
    assert said == (
        "0 raw events that are older than 30 days went.\n"
        "5 more stay until a worker has settled their entries: run it again later.\n"
    )
    record_all(Journal(journal.redis, replace(settings, stale_after_seconds=0.001)))
    assert (facts.waiting(), facts.rows(), facts.counts()) == (0, 5, {"v2": 5})
    assert run(app, "--days", "30").stdout.startswith("5 raw events that are older than 30 days went.\n")
    assert (facts.rows(), facts.counts()) == (0, {"v2": 5})
    assert_closed(pulse, facts)


@pytest.mark.nightly
def test_if_it_is_killed_everything_is_exact_and_the_next_run_goes_on(
    app: Flask,
    counted: Facts,
    pulse: Pulse,
    start: Any,
) -> None:
    first = start(SLOW_EXPIRE)
    wait_until(lambda: counted.archived() > 0)
    first.kill()
    first.wait()
    archived = counted.archived()
    assert 0 < archived < 30
    counted.assert_exact()
    assert f"{30 - archived} raw events" in run(app, "--days", "30").stdout
    assert (counted.rows(), counted.archived()) == (10, 30)
    assert_closed(pulse, counted)


@pytest.mark.usefixtures("app", "small_slices")
def test_if_the_database_ends_a_transaction_its_slice_is_as_before(counted: Facts) -> None:
    def broken(connection: Connection, rows: ColumnElement[bool]) -> int:
        archive(connection, rows)
        raise ZeroDivisionError

    _, after = sweep_slice(received_before(30), None)
    archived = counted.archived()
    with pytest.raises(ZeroDivisionError):
        sweep_slice(received_before(30), after, broken)
    assert counted.archived() == archived > 0
    counted.assert_exact()
    sweep(received_before(30), after)
    assert counted.archived() == 30
