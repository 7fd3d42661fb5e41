"""`pulse forget`: no trace of the user is left, the counts stay or go, and the books close at every moment."""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import RedisError
from sqlalchemy import select

from pulse_analytics import config
from pulse_analytics.database import db
from pulse_analytics.database.models import video_events
from pulse_analytics.database.slices import Slice, slice_after
from pulse_analytics.ingest.drain import drain
from pulse_analytics.ingest.recorder import record
from pulse_analytics.retention import forget
from tests.facts import Facts, wait_until
from tests.ingest.journal.test_journal import events
from tests.retention.users.conftest import (
    ADA,
    BOB,
    NEW,
    Pulse,
    count,
    dedupe_keys,
    hold,
    keys_of,
    mentions,
    park,
    views,
)
from tests.test_events import DAY_MS, NOON, event

if TYPE_CHECKING:
    from flask import Flask

    from pulse_analytics.ingest.journal import Journal
    from tests.servers.valkey import ValkeyContainer

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what happens in Redis alone."""

each_way = pytest.mark.parametrize(
    ("database_url", "with_counts"),
    [
        pytest.param("sqlite", False, id="sqlite, counts stay"),
        pytest.param("postgresql", True, id="postgresql, counts go"),
        pytest.param("sqlite", True, id="sqlite, counts go", marks=pytest.mark.nightly),
        pytest.param("postgresql", False, id="postgresql, counts stay", marks=pytest.mark.nightly),
    ],
    indirect=["database_url"],
)
one_at_night = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)], indirect=True
)

STRANGE = ["*", "?", "[a-z]", "\\*", "a:b", "a%3Ab", "100%", "a/b", "/", " ", "ü😀", "a", "-x", "user", "persist"]
GONE = ("waitingEntries", "rawEvents", "deadLetters", "dedupeKeys")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that waits half a second for workers."""
    monkeypatch.setattr(config, "ERASURE_PATIENCE_SECONDS", -2.5)


@each_way
def test_every_trace_of_a_user_is_erased_and_nothing_of_others(
    journal: Journal, facts: Facts, pulse: Pulse, with_counts: bool
) -> None:
    park(journal, event("v8", ADA), event("v8", BOB))
    count(journal, *views(ADA), *views(BOB))
    hold(journal, event("v9", ADA, name=NEW), event("v9", BOB, name=NEW))
    pulse.assert_books_closed()
    before = [facts.counts(name) for name in ("video_started", "watched_50_percent")]
    receipt = pulse.receipt(ADA, *(["--with-counts"] if with_counts else []))
    assert [receipt[name] for name in ("status", "withCounts", *GONE)] == ["finished", with_counts, 1, 6, 2, 8]
    assert receipt["finishedAt"] > receipt["requestedAt"]
    assert mentions(facts, ADA) == []
    assert (facts.rows(), facts.archived(), facts.parked(), facts.held()) == (6, 0 if with_counts else 6, 1, 1)
    assert dedupe_keys(facts) == keys_of(*views(BOB), event("v8", BOB), event("v9", BOB, name=NEW))
    after = [facts.counts(name) for name in ("video_started", "watched_50_percent")]
    assert after == ([{"v0": 1, "v1": 1, "v2": 1}] * 2 if with_counts else before)
    facts.assert_exact()
    pulse.assert_books_closed()


@on_sqlite
def test_an_id_is_never_taken_for_a_pattern_or_for_a_part_of_another_id(
    journal: Journal, facts: Facts, pulse: Pulse
) -> None:
    count(journal, *(each for user_id in STRANGE for each in (event("v", user_id), event("user", user_id))))
    for done, user_id in enumerate(STRANGE, start=1):
        receipt = pulse.receipt("--", user_id)
        assert [receipt[name] for name in GONE] == [0, 2, 0, 2], user_id
        left = STRANGE[done:]
        assert {row[0] for row in facts.sql("SELECT user_id FROM video_events")} == set(left)
        assert dedupe_keys(facts) == keys_of(*(event(video, each) for each in left for video in ("v", "user")))
    pulse.assert_books_closed()


@one_at_night
def test_a_user_without_traces_gets_a_receipt_of_zeros(facts: Facts, pulse: Pulse) -> None:
    receipt = pulse.receipt(ADA)
    assert [receipt[name] for name in ("status", *GONE)] == ["finished", 0, 0, 0, 0]
    assert any("Backups" in sentence for sentence in receipt["notErased"])
    assert mentions(facts, ADA) == []


@one_at_night
def test_waiting_reports_are_recorded_before_they_are_erased(
    app: Flask, journal: Journal, facts: Facts, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "TRACES_SIZE", 3)
    journal.accept([*views(ADA), *views(BOB)])
    taken = journal.take("killed")
    journal.accept(views(ADA, first=5))

    def work() -> None:
        with app.app_context():
            journal.give_back("killed", taken.entries)
            drain(journal, "me", lambda: None)

    worker = threading.Timer(0.5, work)
    worker.start()
    receipt = pulse.receipt(ADA)
    worker.join()
    assert [receipt[name] for name in GONE] == [12, 12, 0, 12]
    assert mentions(facts, ADA) == []
    assert (facts.rows(), facts.archived(), sum(facts.counts().values())) == (6, 12, 9)
    facts.wait_until_settled()
    pulse.assert_books_closed()


@one_at_night
@pytest.mark.usefixtures("impatient")
def test_without_a_worker_it_says_how_many_reports_wait_and_continues_later(
    journal: Journal, facts: Facts, pulse: Pulse
) -> None:
    journal.accept([*views(ADA), *views(BOB)])
    done = pulse.forget(ADA)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Error: 6 reports of this user wait and no worker records them: start one, run it again.\n"
    assert facts.waiting() == 12
    drain(journal, "me", lambda: None)
    pulse.assert_books_closed()
    assert pulse.receipt(ADA)["rawEvents"] == 6
    assert mentions(facts, ADA) == []
    assert facts.sql("SELECT count(*) FROM erasures") == [(1,)]


@one_at_night
@pytest.mark.usefixtures("impatient")
def test_rows_whose_entry_is_taken_stay_until_it_is_settled_and_count_once(
    journal: Journal, facts: Facts, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "ERASE_SIZE", 2)
    count(journal, *views(ADA))
    # A worker died between commit and settling, after the erasure had looked at the journal.
    facts.redis.delete(*keys_of(*views(ADA)))
    journal.accept(views(ADA)[:2])
    taken = journal.take("killed").entries
    monkeypatch.setitem(forget._STEPS, "entries", lambda *_: forget.Place("letters"))
    done = pulse.forget(ADA, "--with-counts")
    assert (done.exit_code, facts.rows()) == (1, 2)
    assert "A worker took reports of this user and did not settle them" in done.stderr
    pulse.assert_books_closed()
    record([entry.event for entry in taken])
    journal.settle([], taken)
    assert pulse.receipt(ADA, "--with-counts")["rawEvents"] == 6
    assert (facts.rows(), facts.counts(), mentions(facts, ADA)) == (0, {}, [])
    pulse.assert_books_closed()


class Killed(BaseException):
    """The process is killed."""


@each_way
def test_an_erasure_that_is_killed_anywhere_completes_when_it_is_run_again(
    journal: Journal, facts: Facts, pulse: Pulse, monkeypatch: pytest.MonkeyPatch, with_counts: bool
) -> None:
    monkeypatch.setattr(config, "ERASE_SIZE", 2)
    monkeypatch.setattr(config, "RECOUNT_SIZE", 5)
    park(journal, event("v8", ADA))
    count(journal, *views(ADA, 4), *views(BOB, 4))
    hold(journal, event("v9", ADA, name=NEW))
    arguments = [ADA, *(["--with-counts"] if with_counts else [])]
    names = ["begin", "add", "forget_user", "finish", "as_json"]
    for name in names:
        _die_in(monkeypatch, name)
        with pytest.raises(Killed):
            pulse.forget(*arguments)
        pulse.assert_books_closed()
        monkeypatch.undo()
    assert facts.sql("SELECT count(*) FROM erasures WHERE user_id IS NOT NULL OR finished_at IS NULL") == [(0,)]
    assert mentions(facts, ADA) == []
    assert (facts.rows(), facts.archived()) == (8, 0 if with_counts else 8)
    assert sum(facts.counts().values()) == (4 if with_counts else 8)
    facts.assert_exact()


def _die_in(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    module = "commands" if name == "as_json" else "forget.receipts"
    monkeypatch.setattr(f"pulse_analytics.retention.{module}.{name}", die)


@each_way
def test_while_events_of_the_same_user_flow_it_ends_and_the_books_close_at_every_moment(
    app: Flask, journal: Journal, facts: Facts, pulse: Pulse, monkeypatch: pytest.MonkeyPatch, with_counts: bool
) -> None:
    monkeypatch.setattr(config, "ERASE_SIZE", 20)
    monkeypatch.setattr(config, "ARCHIVE_RETRIES", 0)  # No slice conflicts with a worker.
    count(journal, *views(ADA, 60), *views(BOB, 60))
    ended = threading.Event()

    def flow() -> None:
        with app.app_context():
            while not ended.is_set():
                now = time.time_ns() // 1_000_000
                count(journal, *views(ADA, 5, now, now), *views(BOB, 5, now, now))

    writer = threading.Thread(target=flow)
    writer.start()
    try:
        for _ in range(3):
            wait_until(lambda: facts.sql("SELECT 1 FROM video_events WHERE user_id = :ada", ada=ADA))
            receipt = pulse.receipt(ADA, *(["--with-counts"] if with_counts else []))
            assert receipt["rawEvents"] > 0
            pulse.assert_books_closed()
    finally:
        ended.set()
        writer.join()
    pulse.receipt(ADA, *(["--with-counts"] if with_counts else []))
    assert mentions(facts, ADA) == []
    assert (facts.archived() == 0) is with_counts
    facts.wait_until_settled()
    pulse.assert_books_closed()


@on_sqlite
@pytest.mark.nightly
@pytest.mark.usefixtures("impatient")
def test_a_long_read_that_keeps_the_wal_file_is_reported(journal: Journal, facts: Facts, pulse: Pulse) -> None:
    count(journal, *views(ADA))
    with db.engine.connect() as connection:
        connection.execute(select(video_events)).all()
        done = pulse.forget(ADA)
    assert done.exit_code == 1
    assert done.stderr == "Error: A long read of the database keeps SQLite's -wal file: end it, run it again.\n"
    pulse.receipt(ADA)
    assert mentions(facts, ADA) == []
    assert facts.sql("SELECT count(*) FROM erasures WHERE finished_at IS NULL") == [(0,)]


@on_sqlite
def test_what_a_busy_viewer_reports_after_the_request_does_not_keep_an_erasure_from_ending(
    journal: Journal, facts: Facts, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    count(journal, *views(ADA))
    searches = itertools.count(1)

    def search_beside_a_worker(*arguments: Any) -> Slice:
        record([event("v", ADA, ts=NOON - DAY_MS - next(searches), received_at=time.time_ns() // 1_000_000)])
        return slice_after(*arguments)

    monkeypatch.setattr(forget, "slice_after", search_beside_a_worker)
    receipt = pulse.receipt(ADA)
    assert receipt["rawEvents"] >= 6
    assert 0 < facts.rows() < 3


@on_sqlite
def test_a_copy_of_an_erased_report_that_arrives_later_counts_again(
    journal: Journal, facts: Facts, pulse: Pulse
) -> None:
    count(journal, event("v", ADA))
    pulse.receipt(ADA)
    count(journal, event("v", ADA))
    assert (facts.rows(), facts.counts()) == (1, {"v": 2})
    pulse.assert_books_closed()


@on_sqlite
@pytest.mark.parametrize("command", ["forget", "export-user"])
@pytest.mark.usefixtures("own_valkey")
def test_an_unreachable_redis_is_an_error_in_one_sentence(
    app: Flask, journal: Journal, own_valkey: ValkeyContainer, command: str
) -> None:
    from pulse_analytics.retention.commands import export_command, forget_command

    count(journal, *views(ADA))
    own_valkey.process.stop()
    with pytest.raises(RedisError):
        journal.live()
    done = app.test_cli_runner().invoke(forget_command if command == "forget" else export_command, [ADA])
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: Cannot reach Redis at redis://")
    assert len(done.stderr.splitlines()) == 1


@on_sqlite
def test_an_invalid_id_is_refused(pulse: Pulse) -> None:
    for user_id in ("", "x" * 129, "a\nb"):
        assert pulse.forget(user_id).exit_code == 2


@on_sqlite
def test_dead_letters_and_entries_are_searched_in_slices(
    journal: Journal, facts: Facts, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "TRACES_SIZE", 2)
    monkeypatch.setattr(config, "BATCH_SIZE", 3)
    for number in range(7):
        park(journal, event(f"v{number}", ADA), *events(1, number))
    hold(journal, *(event(f"v{number}", ADA, name=NEW) for number in range(7)))
    assert pulse.receipt(ADA)["deadLetters"] == 14
    assert (facts.parked(), facts.held()) == (7, 0)
    pulse.assert_books_closed()
