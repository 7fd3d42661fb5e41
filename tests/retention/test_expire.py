"""`pulse expire`: raw events that were received too long ago go, all counts stay, and nothing counts twice."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pulse_analytics.database import db, writing
from pulse_analytics.events import dedupe_key
from pulse_analytics.retention.archive import sweep
from pulse_analytics.retention.expire import received_before
from tests.retention.conftest import accept, assert_closed, record_all, run
from tests.terminal import run as run_on_terminal
from tests.test_events import NOON, event

if TYPE_CHECKING:
    from flask import Flask

    from pulse_analytics.config import Settings
    from pulse_analytics.ingest.journal import Journal
    from tests.audit.conftest import Pulse
    from tests.facts import Facts
    from tests.servers.valkey import ValkeyContainer

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.usefixtures("small_slices")
def test_the_time_of_reception_decides_what_goes_and_all_counts_stay(
    app: Flask,
    journal: Journal,
    facts: Facts,
    pulse: Pulse,
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


def test_a_copy_of_a_report_counts_again_only_after_its_raw_event_and_its_dedupe_key_are_gone(
    app: Flask, journal: Journal, facts: Facts, pulse: Pulse
) -> None:
    sent = event("v1", "u1", ts=NOON, received_at=NOON)
    again = replace(sent, received_at=time.time_ns() // 1_000_000)
    journal.accept([sent])
    record_all(journal)
    assert journal.accept([again]).accepted == [False]
    facts.redis.delete(dedupe_key(sent))
    assert journal.accept([again]).accepted == [True]
    record_all(journal)
    assert facts.counts() == {"v1": 1}
    assert run(app, "--days", "30").stdout.startswith("1 raw events")
    assert journal.accept([again]).accepted == [False]
    facts.redis.delete(dedupe_key(sent))
    journal.accept([again])
    record_all(journal)
    assert facts.counts() == {"v1": 2}
    assert_closed(pulse, facts)


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


@pytest.mark.usefixtures("small_slices")
def test_several_at_once_do_each_others_work_once(app: Flask, counted: Facts, pulse: Pulse) -> None:
    barrier, gone = threading.Barrier(3), []

    def one() -> None:
        with app.app_context():
            barrier.wait()
            gone.append(sweep(received_before(30))[0])

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(gone) == counted.archived() == 30
    assert_closed(pulse, counted)


@pytest.mark.usefixtures("small_slices")
def test_events_may_flow_meanwhile(app: Flask, journal: Journal, counted: Facts, pulse: Pulse) -> None:
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
        gone += sweep(received_before(30))[0]
    writer.join()
    gone += sweep(received_before(30))[0]
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


@pytest.mark.nightly
@pytest.mark.stack
@sqlite
@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only(
    counted: Facts, settings: Settings, worker_env: dict[str, str], terminal: bool
) -> None:
    env = {**worker_env, "PULSE_REDIS_URL": settings.redis_url}
    done = run_on_terminal(["expire", "--days", "30"], env, terminal=terminal)
    if terminal:
        assert b"Raw events read" in done.stderr
    else:
        assert done.stderr == b""
    assert done.stdout.startswith(b"30 raw events")
    assert counted.archived() == 30
