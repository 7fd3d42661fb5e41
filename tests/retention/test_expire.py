"""`pulse expire`: raw events that were received too long ago go, all counts stay, and nothing counts twice."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from pulse_analytics import config
from pulse_analytics.database import db, writing
from pulse_analytics.ingest.drain import drain
from pulse_analytics.ingest.journal import Journal
from pulse_analytics.retention.archive import archive, sweep_slice
from pulse_analytics.retention.expire import expire, received_before
from pulse_analytics.retention.expire_command import expire_command
from tests.audit.conftest import Pulse, pulse  # noqa: F401
from tests.facts import Facts, wait_until
from tests.test_events import event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result
    from flask import Flask
    from sqlalchemy import ColumnElement, Connection

    from pulse_analytics.config import Settings
    from tests.servers.valkey import ValkeyContainer

DAY_MS = 86_400_000
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def accept(journal: Journal, user_id: str, received_days_ago: float, ts_days_ago: float | None = None) -> None:
    """Accept a report as a web process did that many days ago."""
    now = time.time_ns() // 1_000_000
    received_at = now - int(received_days_ago * DAY_MS)
    ts = received_at if ts_days_ago is None else now - int(ts_days_ago * DAY_MS)
    assert journal.accept([event(f"v{len(user_id)}", user_id, ts, received_at)]).accepted == [True]


def record_all(journal: Journal) -> None:
    """Do what a worker does, until nothing waits."""
    assert not drain(journal, "me", lambda: None)


@pytest.fixture
def counted(journal: Journal, facts: Facts) -> Facts:
    """Forty counted events, thirty of which were received more than 30 days ago."""
    for number in range(40):
        accept(journal, f"u{number}", 31 if number % 4 else 29)
    record_all(journal)
    return facts


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of four raw events, without a pause."""
    monkeypatch.setattr(config, "ARCHIVE_SIZE", 4)
    monkeypatch.setattr(config, "ARCHIVE_PAUSE_SECONDS", 0)


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(expire_command, arguments)


def assert_closed(pulse: Pulse, facts: Facts) -> None:  # noqa: F811
    """Assert that all books are closed, and that a rebuild finds nothing to correct."""
    facts.assert_exact()
    done = pulse.audit()
    assert done.exit_code == 0, done.stdout
    assert "corrected" not in pulse.rebuild().stdout


@pytest.mark.usefixtures("small_slices")
def test_the_time_of_reception_decides_what_goes_and_all_counts_stay(
    app: Flask,
    journal: Journal,
    facts: Facts,
    pulse: Pulse,  # noqa: F811
) -> None:
    for number in range(8):
        accept(journal, f"old-{number}", 30.1)
        accept(journal, f"new-{number}", 29.9)
    accept(journal, "kept-by-the-player-for-a-year", 0, 365)
    accept(journal, "a-clock-that-is-years-ahead", 31, -3650)
    accept(journal, "a-clock-that-begins-in-1970", 31, 20_000)
    record_all(journal)
    before = facts.counts()
    done = run(app, "--days", "30")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "10 raw events that are older than 30 days went.")
    left = {user_id for (user_id,) in facts.sql("SELECT user_id FROM video_events")}
    assert left == {f"new-{number}" for number in range(8)} | {"kept-by-the-player-for-a-year"}
    assert facts.counts() == before
    assert facts.archived() == 10
    assert_closed(pulse, facts)
    assert run(app, "--days", "30").stdout == "0 raw events that are older than 30 days went.\n"


def test_a_dry_run_counts_and_changes_nothing(app: Flask, counted: Facts) -> None:
    done = run(app, "--days", "30", "--dry-run")
    assert (done.exit_code, done.stdout) == (0, "30 raw events that are older than 30 days would go.\n")
    assert (counted.rows(), counted.archived()) == (40, 0)


@pytest.mark.parametrize("changed_settings", [{"PULSE_RETENTION_DAYS": "30"}])
def test_the_setting_is_the_default_and_the_output_says_how_to_get_space_back(app: Flask, counted: Facts) -> None:
    done = run(app)
    assert done.stdout.startswith("30 raw events that are older than 30 days went.\n")
    assert ("VACUUM FULL video_events" if counted.postgresql else "pulse.db VACUUM") in done.stdout
    assert counted.archived() == 30


@sqlite
@pytest.mark.usefixtures("facts")
def test_without_the_setting_the_command_asks_for_days(app: Flask) -> None:
    done = run(app)
    assert done.exit_code == 2
    assert "PULSE_RETENTION_DAYS is 0, so raw events are kept. Set it, or pass --days." in done.output
    assert run(app, "--days", "0").exit_code == run(app, "--days", "36501").exit_code == 2


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
from pulse_analytics.retention.expire import expire, received_before

def slowly(connection, rows):
    gone = archive.archive(connection, rows)
    time.sleep(0.05)  # Killed here, it has deleted rows that it has not committed.
    return gone

config.ARCHIVE_SIZE = 4
with create_app().app_context():
    print(expire(received_before(30), act=slowly), flush=True)
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
    pulse: Pulse,  # noqa: F811
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


@pytest.mark.parametrize(
    "database_url", [pytest.param("sqlite", marks=pytest.mark.nightly), "postgresql"], indirect=True
)
def test_if_it_is_killed_everything_is_exact_and_the_next_run_goes_on(
    app: Flask,
    counted: Facts,
    pulse: Pulse,  # noqa: F811
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
    expire(received_before(30), after)
    assert counted.archived() == 30


@pytest.mark.usefixtures("small_slices")
def test_several_at_once_do_each_others_work_once(app: Flask, counted: Facts, pulse: Pulse) -> None:  # noqa: F811
    barrier, gone = threading.Barrier(3), []

    def one() -> None:
        with app.app_context():
            barrier.wait()
            gone.append(expire(received_before(30))[0])

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(gone) == counted.archived() == 30
    assert_closed(pulse, counted)


@pytest.mark.usefixtures("small_slices")
def test_events_may_flow_meanwhile(app: Flask, journal: Journal, counted: Facts, pulse: Pulse) -> None:  # noqa: F811
    ended = threading.Event()

    def flow() -> None:
        with app.app_context():
            for number in range(100):
                accept(journal, f"during-{number}", 31 if number % 2 else 1)
                if number % 20 == 0:
                    record_all(journal)
            record_all(journal)
        ended.set()

    writer = threading.Thread(target=flow)
    writer.start()
    gone = 0
    while not ended.is_set():
        gone += expire(received_before(30))[0]
    writer.join()
    gone += expire(received_before(30))[0]
    assert gone == counted.archived() == 80
    assert sum(counted.counts().values()) == 140
    assert_closed(pulse, counted)


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_without_redis_it_fails_with_a_sentence_and_deletes_nothing(
    own_valkey: ValkeyContainer, app: Flask, counted: Facts, arguments: tuple[str, ...]
) -> None:
    own_valkey.process.stop()
    done = run(app, "--days", "30", *arguments)
    assert done.exit_code == 1
    assert done.output.startswith("Error: Cannot reach Redis at redis://127.0.0.1:")
    assert len(done.output.splitlines()) == 1
    assert (counted.rows(), counted.archived()) == (40, 0)


@pytest.mark.parametrize("changed_settings", [{"PULSE_DATABASE_TIMEOUT_SECONDS": "0.3"}])
def test_if_the_database_is_locked_it_fails_with_a_sentence_and_deletes_nothing(app: Flask, counted: Facts) -> None:
    with writing(db.engine).begin() as connection:
        if counted.postgresql:
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            connection.execute(text("LOCK TABLE video_events IN SHARE ROW EXCLUSIVE MODE"))
        done = run(app, "--days", "30")
    assert done.exit_code == 1
    assert done.output.startswith("Error: The database failed: ")
    assert len(done.output.splitlines()) == 1
    assert (counted.rows(), counted.archived()) == (40, 0)


@pytest.mark.stack
@sqlite
@pytest.mark.parametrize("terminal", [True, pytest.param(False, marks=pytest.mark.nightly)])
def test_progress_is_shown_on_a_terminal_only(
    counted: Facts, settings: Settings, worker_env: dict[str, str], terminal: bool
) -> None:
    ours, theirs = pty.openpty() if terminal else os.pipe()
    done = subprocess.run(
        [sys.executable, "-m", "pulse_analytics", "expire", "--days", "30"],
        env={**os.environ, **worker_env, "PULSE_REDIS_URL": settings.redis_url},
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    if terminal:
        assert b"Raw events read" in os.read(ours, 10_000)
    os.close(theirs)
    if not terminal:
        assert os.read(ours, 10_000) == b""
    os.close(ours)
    assert done.stdout.startswith(b"30 raw events")
    assert counted.archived() == 30


class TestBytes:
    """SQLite's files hold nothing of a raw event that went."""

    pytestmark = sqlite

    @pytest.mark.usefixtures("small_slices")
    def test_of_expired_events_no_user_id_is_left_in_the_files(
        self, app: Flask, journal: Journal, facts: Facts, tmp_path: Path
    ) -> None:
        for number in range(300):
            accept(journal, f"{'gone' if number % 3 else 'kept'}-viewer-{number:03}-", 31 if number % 3 else 1)
        record_all(journal)
        assert read(tmp_path, b"gone-viewer-") == 200
        assert run(app, "--days", "30").exit_code == 0
        assert facts.rows() == 100
        assert (read(tmp_path, b"gone-viewer-"), read(tmp_path, b"kept-viewer-")) == (0, 100)

    def test_if_a_reader_keeps_the_wal_file_in_use_the_command_says_so(
        self, app: Flask, counted: Facts, tmp_path: Path
    ) -> None:
        with closing(sqlite3.connect(tmp_path / "pulse.db")) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM video_events").fetchone()
            done = run(app, "--days", "30")
        assert "They can still be read in the WAL file, which others are using: run it again later." in done.stdout
        assert counted.archived() == 30
        assert "WAL" not in run(app, "--days", "30").stdout
        assert (tmp_path / "pulse.db-wal").stat().st_size == 0


def read(folder: Path, words: bytes) -> int:
    """How many viewers whose ids begin with these words can be read in the files of the database."""
    files = b"".join(path.read_bytes() for path in folder.glob("pulse.db*"))
    return len({files[place : place + 16] for place in _places(files, words)})


def _places(files: bytes, words: bytes) -> Iterator[int]:
    place = files.find(words)
    while place >= 0:
        yield place
        place = files.find(words, place + 1)
