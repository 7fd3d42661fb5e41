"""Every difference that an audit can detect, and how it reports it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import flask_migrate
import pytest

from pulse_analytics import config
from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.ingest.recorder import record
from tests.audit.conftest import Pulse
from tests.facts import Facts
from tests.servers.ports import free_port
from tests.terminal import run
from tests.test_events import event

if TYPE_CHECKING:
    from pathlib import Path

CLOSED = "The books are closed"
TOTAL = "UPDATE video_metrics SET watched_50_count = watched_50_count {} WHERE video_id = 'v1'"
DAILY = (
    "UPDATE video_metrics_daily SET watched_50_count = watched_50_count {} WHERE video_id = 'v1' AND day = '2023-11-15'"
)
ALL = "UPDATE daily_totals SET watched_50_count {} WHERE day = '2023-11-15'"
NEW_TOTAL = "INSERT INTO video_metrics (video_id, watched_50_count, updated_at) VALUES ({}, '2026-01-01 00:00:00')"
NEW_DAILY = "INSERT INTO video_metrics_daily (video_id, day, watched_50_count) VALUES ({})"
NEW_ALL = "INSERT INTO daily_totals (day, watched_50_count) VALUES ({})"
RAW = "DELETE FROM video_events WHERE video_id = 'v1' AND user_id = 'u0'"

TAMPERING = [
    ("too high", [TOTAL.format("+ 2")], ["v1 all 6 4"]),
    ("too low", [TOTAL.format("- 1")], ["v1 all 3 4"]),
    ("missing", ["DELETE FROM video_metrics WHERE video_id = 'v2'"], ["v2 all 0 2"]),
    ("phantom", [NEW_TOTAL.format("'v0', 5")], ["v0 all 5 0"]),
    ("daily too high", [DAILY.format("+ 1")], ["v1 2023-11-15 4 3"]),
    ("daily missing", ["DELETE FROM video_metrics_daily WHERE video_id = 'v3'"], ["v3 2023-11-15 0 1"]),
    ("daily phantom", [NEW_DAILY.format("'v3', '2023-11-16', 7")], ["v3 2023-11-16 7 0"]),
    (
        "on another day",
        ["UPDATE video_metrics_daily SET day = '2023-11-13' WHERE video_id = 'v3'"],
        ["v3 2023-11-13 1 0", "v3 2023-11-15 0 1"],
    ),
    ("both too low", [TOTAL.format("- 1"), DAILY.format("- 1")], ["v1 all 3 4", "v1 2023-11-15 2 3"]),
    ("raw event gone", [RAW], ["v1 all 4 3", "v1 2023-11-14 1 0", "(all) 2023-11-14 1 0"]),
    (
        "raw event moved",
        ["UPDATE video_events SET video_id = 'v2' WHERE video_id = 'v3'"],
        ["v2 all 2 3", "v2 2023-11-15 2 3", "v3 all 1 0", "v3 2023-11-15 1 0"],
    ),
    ("total too high", [ALL.format("= watched_50_count + 2")], ["(all) 2023-11-15 8 6"]),
    ("total too low", [ALL.format("= 0")], ["(all) 2023-11-15 0 6"]),
    ("total missing", ["DELETE FROM daily_totals"], ["(all) 2023-11-14 0 1", "(all) 2023-11-15 0 6"]),
    ("total phantom", [NEW_ALL.format("'2023-11-16', 7")], ["(all) 2023-11-16 7 0"]),
    ("total and video", [ALL.format("= 7"), TOTAL.format("+ 1")], ["v1 all 5 4", "(all) 2023-11-15 7 6"]),
]


def shown(output: str) -> list[str]:
    """The differences that were printed: video, day, counted, raw."""
    rows = [line.split() for line in output.splitlines()]
    return [f"{row[0]} {row[1]} {row[3]} {row[4]}" for row in rows if len(row) == 5 and row[2] == "watched_50_count"]


def test_without_differences_the_books_are_closed(pulse: Pulse, counted: Facts) -> None:
    done = pulse.audit()
    assert (done.exit_code, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines()][:6] == [
        ["Journal"],
        ["accepted", "0"],
        ["settled", "0"],
        ["waiting", "0", "(0", "pending,", "0", "unread)"],
        ["parked", "0", "(0", "dead", "letters)"],
        ["dropped", "0"],
    ]
    assert [line.split() for line in done.stdout.splitlines()][6:14] == [
        ["Database"],
        ["videos", "3"],
        ["days", "2"],
        ["watched_50_percent"],
        ["raw", "events", "7"],
        ["by", "video", "7"],
        ["by", "day", "7"],
        ["all", "videos", "7"],
    ]
    assert done.stdout.splitlines()[-1].startswith(CLOSED)
    assert "meanwhile" not in done.stdout


def test_empty_books_are_closed(pulse: Pulse, facts: Facts) -> None:
    assert pulse.audit().exit_code == 0


IN_SMALL_CHUNKS = {"on another day", "raw event moved"}
"""Looked for in small chunks by every test run; the others so only by the nightly one."""

CASES = [
    pytest.param(
        chunk,
        statements,
        differences,
        id=f"{name}-{chunk}",
        marks=[] if chunk == config.RECOUNT_SIZE or name in IN_SMALL_CHUNKS else pytest.mark.nightly,
    )
    for chunk in (1, 7, config.RECOUNT_SIZE)
    for name, statements, differences in TAMPERING
]


@pytest.mark.parametrize(("chunk", "statements", "differences"), CASES)
def test_a_counter_that_differs_from_its_raw_events_is_shown(
    pulse: Pulse,
    counted: Facts,
    monkeypatch: pytest.MonkeyPatch,
    chunk: int,
    statements: list[str],
    differences: list[str],
) -> None:
    monkeypatch.setattr(config, "RECOUNT_SIZE", chunk)
    assert pulse.audit().exit_code == 0
    for statement in statements:
        counted.sql(statement)
    done = pulse.audit()
    assert done.exit_code == 1
    assert shown(done.stdout) == differences
    by_video, of_all = sum(" all " in each for each in differences), sum("(all)" in each for each in differences)
    by_day = len(differences) - by_video - of_all
    assert f"not their raw events: {by_video} by video, {by_day} by day, {of_all} of all videos." in done.stdout
    assert CLOSED not in done.stdout


def test_a_row_with_a_count_of_zero_is_no_difference(pulse: Pulse, counted: Facts) -> None:
    counted.sql(NEW_TOTAL.format("'v0', 0"))
    counted.sql(NEW_DAILY.format("'v1', '2023-01-01', 0"))
    counted.sql(NEW_ALL.format("'2023-01-01', 0"))
    assert pulse.audit().exit_code == 0


def test_only_the_first_differences_are_shown_with_the_number_of_the_others(pulse: Pulse, facts: Facts) -> None:
    record([event(f"v{number:02}") for number in range(30)])
    facts.sql("DELETE FROM video_metrics")
    facts.sql("DELETE FROM video_metrics_daily WHERE video_id < 'v05'")
    done = pulse.audit()
    assert shown(done.stdout)[:3] == ["v00 all 0 1", "v00 2023-11-15 0 1", "v01 all 0 1"]
    assert len(shown(done.stdout)) == 20
    assert "and 15 more" in done.stdout


@pytest.mark.stack
def test_every_event_type_is_compared(tmp_path: Path) -> None:
    # A process of its own, because the tables are made from the registry when they are imported.
    done = subprocess.run(
        [sys.executable, "-c", ANOTHER_TYPE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "right 0",
        "finished_count 3 2",
        "wrong 2",
        "right 0",
    ]


ANOTHER_TYPE = """
import dataclasses, pathlib, sys
from pulse_analytics import events
events.EVENT_TYPES["finished"] = events.EventType("finished", 0.99, "finished", "finished_count")
events.COUNT_COLUMNS += ("finished_count",)
from pulse_analytics.app import create_app
from pulse_analytics.audit.rebuild import rebuild
from pulse_analytics.audit.recount import recount
from pulse_analytics.config import Settings
from pulse_analytics.database import db
from pulse_analytics.ingest.recorder import record
from sqlalchemy import text
from tests.test_events import event

def look(word):
    with db.engine.connect() as connection:
        connection.detach()
        found = recount(connection)
    for each in found.first:
        if each.day is None:
            print(each.counter, each.counted, each.events)
    print(word, found.wrong_videos + found.wrong_days)

with create_app(Settings.parse({}, pathlib.Path(sys.argv[1]))).app_context():
    db.create_all()
    watched = [event("v1", "u1"), event("v1", "u2"), event("v2", "u1")]
    record(watched)
    record([dataclasses.replace(e, id=e.id[:-1] + "0", event="finished") for e in watched])
    look("right")
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE video_metrics SET finished_count = 3 WHERE video_id = 'v1'"))
        connection.execute(text("UPDATE video_metrics_daily SET finished_count = 0 WHERE video_id = 'v2'"))
    look("wrong")
    rebuild(out=str)
    look("right")
    db.engine.dispose()
"""


@pytest.mark.parametrize("command", ["audit", "rebuild"])
class TestOneLineErrors:
    """What prevents an audit or a rebuild is reported in one line, and the exit code is 1."""

    def test_an_unreachable_database_is_reported_in_one_line(
        self, settings: Settings, tmp_path: Path, command: str
    ) -> None:
        url = f"postgresql://postgres@127.0.0.1:{free_port()}/none"
        values = {"PULSE_REDIS_URL": settings.redis_url, "PULSE_DATABASE_URL": url}
        pulse = Pulse(create_app(Settings.parse(values, tmp_path)))
        assert_one_sentence(pulse, command, "Error: The database failed:")

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    def test_a_file_that_is_not_a_database_is_one_line(self, pulse: Pulse, tmp_path: Path, command: str) -> None:
        (tmp_path / "pulse.db").write_bytes(b"no database" * 1000)
        assert_one_sentence(pulse, command, "Error: The database failed:")

    def test_a_missing_migration_is_one_line(self, pulse: Pulse, command: str) -> None:
        flask_migrate.downgrade(revision="0001")
        assert_one_sentence(pulse, command, "Error: The database schema is out of date: it is at migration 0001")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("own_valkey")
def test_an_unreachable_or_foreign_redis_is_one_line(pulse: Pulse, facts: Facts, settings: Settings) -> None:
    facts.redis.set("queue:analytics:dead", "foreign")
    assert_one_sentence(pulse, "audit", f"Error: Redis at {settings.redis_url} refused the command: WRONGTYPE")
    facts.redis.shutdown(nosave=True)
    assert_one_sentence(pulse, "audit", f"Error: Cannot reach Redis at {settings.redis_url} (")


def assert_one_sentence(pulse: Pulse, command: str, sentence: str) -> None:
    done = pulse.audit() if command == "audit" else pulse.rebuild()
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("command", ["audit", "rebuild"])
def test_progress_is_shown_on_a_terminal_only(
    counted: Facts, settings: Settings, worker_env: dict[str, str], command: str, terminal: bool
) -> None:
    done = run([command], {**worker_env, "PULSE_REDIS_URL": settings.redis_url}, terminal=terminal)
    if terminal:
        assert b"Raw events recounted" in done.stderr
    else:
        assert done.stderr == b""
    assert b"Raw events recounted" not in done.stdout


@pytest.mark.stack
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_when_the_reader_of_its_output_has_left_an_audit_ends_without_a_word(
    counted: Facts, settings: Settings, worker_env: dict[str, str]
) -> None:
    reader, output = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "pulse_analytics", "audit"],
        env={**os.environ, **worker_env, "PULSE_REDIS_URL": settings.redis_url},
        stdout=output,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(output)
    assert (done.returncode, done.stderr) == (1, b"")
