"""A rebuild corrects wrong counters and nothing else; it can be killed, and only one runs at a time."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics import config
from pulse_analytics.audit.one_at_a_time import alone
from pulse_analytics.database import db
from pulse_analytics.ingest.recorder import correct, record
from tests.audit.conftest import Pulse, assert_right
from tests.audit.test_audit import TAMPERING
from tests.facts import Facts, wait_until
from tests.test_events import event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from pulse_analytics.config import Settings

MENDED = "They are corrected.\n"
IN_COUNTERS = [each for each in TAMPERING if "raw" not in each[0]]


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("statements", [each[1] for each in IN_COUNTERS], ids=[each[0] for each in IN_COUNTERS])
def test_wrong_counters_are_corrected(
    pulse: Pulse, counted: Facts, monkeypatch: pytest.MonkeyPatch, size: int, statements: list[str]
) -> None:
    monkeypatch.setattr(config, "MEND_SIZE", size)
    monkeypatch.setattr(config, "RECOUNT_SIZE", size)
    for statement in statements:
        counted.sql(statement)
    assert pulse.audit().exit_code == 1
    done = pulse.rebuild()
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("Recounted 7 raw events. ")
    assert done.stdout.endswith(MENDED)
    assert_right(counted)
    assert pulse.audit().exit_code == 0


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_missing_counters_are_restored(
    pulse: Pulse, counted: Facts, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(config, "MEND_SIZE", size)
    counted.sql("DELETE FROM video_metrics")
    counted.sql("DELETE FROM video_metrics_daily")
    counted.sql("DELETE FROM daily_totals")
    done = pulse.rebuild()
    expected = (
        "Recounted 7 raw events. Counters that are not their raw events: 3 by video, 4 by day, 2 of all videos.\n"
        + MENDED
    )
    assert (done.exit_code, done.stdout) == (0, expected)
    assert_right(counted)


def test_counters_of_deleted_raw_events_are_corrected(pulse: Pulse, counted: Facts) -> None:
    counted.sql("DELETE FROM video_events WHERE video_id = 'v1'")
    assert pulse.rebuild().exit_code == 0
    assert counted.counts() == {"v2": 2, "v3": 1}
    assert counted.sql("SELECT * FROM video_metrics_daily WHERE video_id = 'v1'") == []


def test_without_differences_a_rebuild_writes_nothing(pulse: Pulse, counted: Facts) -> None:
    before = counted.sql("SELECT * FROM video_metrics ORDER BY video_id")
    done = pulse.rebuild()
    assert done.stdout == "Recounted 7 raw events. Every counter is right.\n"
    assert counted.sql("SELECT * FROM video_metrics ORDER BY video_id") == before


def test_one_video_is_corrected_and_the_others_are_left_alone(pulse: Pulse, counted: Facts) -> None:
    counted.sql("UPDATE video_metrics SET watched_50_count = 9")
    counted.sql("UPDATE video_metrics_daily SET watched_50_count = 9")
    done = pulse.rebuild("v1")
    expected = (
        "Recounted 4 raw events of v1. Counters that are not their raw events: 1 by video, 2 by day, 0 of all videos.\n"
        + MENDED
    )
    assert (done.exit_code, done.stdout) == (0, expected)
    assert counted.counts() == {"v1": 4, "v2": 9, "v3": 9}
    assert pulse.rebuild("v1").stdout == "Recounted 4 raw events of v1. Every counter is right.\n"
    pulse.rebuild()
    assert_right(counted)


def test_the_rebuild_of_a_video_that_nobody_has_watched_corrects_nothing(pulse: Pulse, counted: Facts) -> None:
    assert pulse.rebuild("v9").stdout == "Recounted 0 raw events of v9. Every counter is right.\n"
    counted.sql(
        "INSERT INTO video_metrics (video_id, watched_50_count, updated_at) VALUES ('v9', 5, '2026-01-01 00:00:00')"
    )
    assert pulse.rebuild("v9").exit_code == 0
    assert_right(counted)


@pytest.mark.parametrize("video_id", ["", "a\nb", "x" * 129, "\udcff"])
def test_an_invalid_video_id_is_refused(pulse: Pulse, counted: Facts, video_id: str) -> None:
    done = pulse.rebuild(video_id)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "not the id of a video" in done.stderr


def test_events_counted_between_recount_and_correction_stay_counted(
    pulse: Pulse, counted: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted.sql("UPDATE video_metrics SET watched_50_count = 9 WHERE video_id <> 'v3'")
    counted.sql("DELETE FROM video_metrics WHERE video_id = 'v3'")

    def count_meanwhile(*_: object) -> str:
        record([event("v1", "late"), event("v3", "late"), event("v4", "late")])
        return "found"

    monkeypatch.setattr("pulse_analytics.audit.rebuild.describe_wrong", count_meanwhile)
    assert pulse.rebuild().exit_code == 0
    assert counted.counts() == {"v1": 5, "v2": 2, "v3": 2, "v4": 1}
    assert pulse.audit().exit_code == 0


def test_a_second_rebuild_at_the_same_time_exits_with_an_error_and_changes_nothing(
    pulse: Pulse, counted: Facts
) -> None:
    counted.sql("UPDATE video_metrics SET watched_50_count = 9")
    with db.engine.connect() as connection, alone(connection):
        for _ in range(2):
            done = pulse.rebuild()
            assert (done.exit_code, done.stdout) == (1, "")
            assert done.stderr == "Error: Another rebuild of this database is running: wait until it ends.\n"
    assert counted.counts() == {"v1": 9, "v2": 9, "v3": 9}
    assert pulse.rebuild().exit_code == 0
    assert_right(counted)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_lock_file_that_cannot_be_opened_is_an_error(pulse: Pulse, counted: Facts, settings: Settings) -> None:
    (settings.data_dir / "pulse.db-rebuild").mkdir()
    done = pulse.rebuild()
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: Cannot lock the database for a rebuild: ")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_rebuild_retries_after_a_deadlock(app: Flask, pulse: Pulse, counted: Facts) -> None:
    counted.sql("UPDATE video_metrics SET watched_50_count = 9 WHERE video_id = 'v1'")
    counted.sql("UPDATE video_metrics_daily SET watched_50_count = 9 WHERE video_id = 'v1'")
    done = []

    def rebuild() -> None:
        done.append(pulse.rebuild())

    thread = threading.Thread(target=rebuild)
    with db.engine.begin() as other:
        # The other way round than everyone: the day first, and then the video that the rebuild holds.
        other.exec_driver_sql("SELECT * FROM video_metrics_daily WHERE video_id = 'v1' FOR UPDATE")
        thread.start()
        wait_until(lambda: counted.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
        other.exec_driver_sql("SELECT * FROM video_metrics WHERE video_id = 'v1' FOR UPDATE")
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        wait_until(lambda: counted.sql(deadlocks) != [(0,)])
    thread.join()
    assert done[0].exit_code == 0
    assert_right(counted)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_rebuild_does_not_retry_after_other_errors(
    pulse: Pulse, counted: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def count_and_correct(*arguments: Any) -> None:
        tries.append(arguments)
        correct(*arguments)

    monkeypatch.setattr("pulse_analytics.audit.rebuild.correct", count_and_correct)
    counted.sql("UPDATE video_metrics SET watched_50_count = 9 WHERE video_id = 'v1'")
    with db.engine.begin() as other:
        other.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        other.exec_driver_sql("SELECT * FROM video_metrics FOR UPDATE")
        done = pulse.rebuild()
    assert done.exit_code == 1
    assert "timeout" in done.stderr
    assert len(tries) == 1
    assert pulse.rebuild().exit_code == 0  # The lock went with the connection.
    assert_right(counted)


SLOW = "from pulse_analytics import config; config.MEND_SIZE = 1; from pulse_analytics.__main__ import main; main()"
VIDEOS = 400


@pytest.fixture
def command(settings: Settings, worker_env: dict[str, str]) -> Iterator[Rebuilds]:
    """`pulse rebuild` as a separate process, with one video per transaction."""
    rebuilds = Rebuilds({**os.environ, **worker_env, "PULSE_REDIS_URL": settings.redis_url})
    yield rebuilds
    rebuilds.end()


class Rebuilds:
    """Processes that rebuild."""

    def __init__(self, env: dict[str, str]) -> None:
        self._env = env
        self._processes: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        """Start another rebuild."""
        arguments = [sys.executable, "-c", SLOW, "rebuild"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(arguments, env=self._env, stdout=pipe, stderr=pipe, text=True)
        self._processes.append(process)
        return process

    def end(self) -> None:
        """End all rebuilds."""
        for process in self._processes:
            process.kill()
            process.communicate()


@pytest.fixture
def wrong(facts: Facts) -> Facts:
    """The system with wrong counters of many videos."""
    record([event(f"v{number}", "u1") for number in range(VIDEOS)])
    facts.sql("UPDATE video_metrics SET watched_50_count = 7")
    facts.sql("DELETE FROM video_metrics_daily")
    return facts


def count_wrong(facts: Facts) -> int:
    """How many videos have wrong counters. Checks first that the counters by video and by day agree."""
    query = """SELECT m.watched_50_count, d.watched_50_count FROM video_metrics AS m
               LEFT JOIN video_metrics_daily AS d ON d.video_id = m.video_id"""
    found = {tuple(row) for row in facts.sql(query)}
    assert found <= {(7, None), (1, 1)}
    return int(facts.sql("SELECT count(*) FROM video_metrics WHERE watched_50_count <> 1")[0][0])


def test_a_rebuild_that_is_killed_and_run_again_corrects_the_rest(
    pulse: Pulse, wrong: Facts, command: Rebuilds
) -> None:
    chance = random.Random(50)
    left = VIDEOS
    for _ in range(3):
        left = kill_below(left - chance.randrange(1, 60), wrong, command)
    # PostgreSQL may take a moment to see that the last one is gone.
    wait_until(lambda: pulse.rebuild().exit_code == 0)
    assert count_wrong(wrong) == 0
    assert pulse.audit().exit_code == 0


def kill_below(most: int, facts: Facts, command: Rebuilds) -> int:
    """Start a rebuild, and kill it once at most `most` videos have wrong counters. Returns how many have."""
    process = command.start()

    def has_mended_so_many() -> bool:
        nonlocal process
        if process.poll() == 1:  # The one before is not quite gone.
            process = command.start()
        return count_wrong(facts) <= most

    wait_until(has_mended_so_many, 60)
    process.kill()
    process.wait()
    left = count_wrong(facts)
    assert 0 < left <= most
    return left


def test_of_several_rebuilds_started_at_once_only_one_runs(pulse: Pulse, wrong: Facts, command: Rebuilds) -> None:
    processes = [command.start() for _ in range(4)]
    for process in processes:
        out, err = process.communicate()
        if process.returncode:
            assert (out, err) == ("", "Error: Another rebuild of this database is running: wait until it ends.\n")
        else:
            assert out.startswith(f"Recounted {VIDEOS} raw events. ")
    assert sorted(process.returncode for process in processes).count(0) >= 1
    assert count_wrong(wrong) == 0
    assert pulse.audit().exit_code == 0
