"""Ledger and raw events, compared: losses that neither of the two shows alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics.audit import commands
from pulse_analytics.audit.recount import Recount, recount
from pulse_analytics.database import db
from pulse_analytics.ingest.epochs import begin_if_new, current_epoch
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.recorder import record
from tests.audit.conftest import Pulse
from tests.facts import Facts
from tests.ingest.journal.test_journal import events

if TYPE_CHECKING:
    from pulse_analytics.ingest.journal import Journal
    from pulse_analytics.ingest.journal.entries import Entry

CLOSED = "The books are closed"
MISSING = "Raw events are missing: 5 raw events of this epoch were settled as new, but 3 came."


class Books:
    """Both books, and the steps with which a worker changes them."""

    def __init__(self, journal: Journal, facts: Facts) -> None:
        self._journal = journal
        self._facts = facts

    def take(self, count: int, first: int = 0) -> list[Entry]:
        """Accept events, and take their entries."""
        self._journal.accept(events(count, first=first))
        return list(self._journal.take("me").entries)

    def record(self, entries: list[Entry]) -> int:
        """Record the entries. Returns how many were new."""
        return len(record([entry.event for entry in entries]))

    def count(self, count: int, first: int = 0) -> None:
        """Accept, record and settle events."""
        entries = self.take(count, first)
        assert self.record(entries) == count
        self._journal.settle(entries)

    def lose_rows(self, count: int) -> None:
        """Delete raw events and their counts, as restoring a backup does."""
        lost = "SELECT id FROM video_events ORDER BY id LIMIT {}"
        self._facts.sql(f"DELETE FROM video_events WHERE id IN ({lost.format(count)})")


@pytest.fixture
def books(journal: Journal, facts: Facts) -> Books:
    """Both books, in the first epoch of a new database."""
    begin_if_new(journal)
    return Books(journal, facts)


def test_the_books_are_closed_and_both_sides_are_shown(pulse: Pulse, books: Books) -> None:
    books.count(5)
    done = pulse.audit()
    assert (done.exit_code, CLOSED in done.stdout) == (0, True)
    lines = done.stdout.splitlines()
    both = next(number for number, line in enumerate(lines) if line.startswith("Both, since "))
    assert [line.split() for line in lines[both + 1 : both + 3]] == [["settled", "new", "5"], ["raw", "events", "5"]]


def test_rows_lost_together_with_their_counts_are_reported_as_missing(pulse: Pulse, books: Books) -> None:
    books.count(5)
    books.lose_rows(2)
    pulse.rebuild()
    done = pulse.audit()
    assert done.exit_code == 1
    assert MISSING in done.stdout
    assert CLOSED not in done.stdout


def test_an_emptied_redis_is_reported(pulse: Pulse, books: Books, facts: Facts) -> None:
    books.count(2)
    books.take(3, first=2)
    facts.redis.flushall()
    books.count(1, first=9)
    done = pulse.audit()
    assert done.exit_code == 1
    assert "Redis was emptied" in done.stdout


def test_a_redis_of_another_epoch_is_reported(pulse: Pulse, books: Books, facts: Facts) -> None:
    books.count(2)
    facts.redis.hset("pulse:ledger", "epoch", "another")
    done = pulse.audit()
    assert done.exit_code == 1
    assert "Redis is in another epoch" in done.stdout


def test_rows_that_no_worker_settled_are_reported_as_too_many(pulse: Pulse, books: Books) -> None:
    books.count(2)
    record(events(2, first=5))
    done = pulse.audit()
    assert done.exit_code == 1
    assert "There are too many raw events: 4 came in this epoch, but 2 were" in done.stdout


def test_taken_entries_may_be_recorded_and_not_yet_settled(pulse: Pulse, books: Books) -> None:
    books.record(books.take(4))
    done = pulse.audit()
    assert (done.exit_code, CLOSED in done.stdout) == (0, True)
    assert "(4 raw events more or less fit: settled as known, or taken)" in done.stdout


def test_an_entry_that_another_worker_recorded_is_settled_as_known(
    pulse: Pulse, books: Books, journal: Journal
) -> None:
    entries = books.take(4)
    books.record(entries)
    journal.settle([], entries)
    journal.settle(entries)  # The one who recorded them comes too late.
    done = pulse.audit()
    assert (done.exit_code, CLOSED in done.stdout) == (0, True)
    assert "(4 raw events more or less fit: settled as known, or taken)" in done.stdout


def test_an_entry_recorded_before_the_epoch_and_settled_in_it_is_not_reported(
    pulse: Pulse, journal: Journal, facts: Facts
) -> None:
    books = Books(journal, facts)
    entries = books.take(3)
    books.record(entries)
    begin_if_new(journal)  # The database is not new: this leaves it to the audit.
    assert facts.redis.hget("pulse:ledger", "epoch") is None
    assert pulse.audit().exit_code == 0
    journal.settle(entries)
    assert pulse.audit().exit_code == 0


def test_a_new_epoch_keeps_the_faults_of_the_previous_one_on_record(pulse: Pulse, books: Books, facts: Facts) -> None:
    books.count(5)
    books.lose_rows(2)
    pulse.rebuild()
    assert pulse.audit("--begin-epoch", "restored from Monday").exit_code == 0
    done = pulse.audit()
    assert done.exit_code == 0
    assert "(restored from Monday)" in done.stdout
    [(faults,)] = facts.sql("SELECT faults FROM journal_epochs WHERE ended_at IS NOT NULL")
    assert MISSING in faults
    books.count(2, first=5)
    books.lose_rows(1)
    pulse.rebuild()
    assert pulse.audit().exit_code == 1


def test_an_epoch_can_begin_after_redis_was_emptied(pulse: Pulse, books: Books, facts: Facts) -> None:
    books.count(2)
    facts.redis.flushall()
    assert pulse.audit("--begin-epoch", "Redis lost its disk").exit_code == 0
    books.count(2, first=2)
    assert pulse.audit().exit_code == 0
    with db.engine.connect() as connection:
        assert facts.redis.hget("pulse:ledger", "epoch") == current_epoch(connection).id


def test_a_backup_from_the_beginning_of_the_epoch_is_not_mistaken_for_a_new_database(
    pulse: Pulse, books: Books, journal: Journal, facts: Facts
) -> None:
    books.count(2)
    books.lose_rows(2)
    pulse.rebuild()
    facts.sql("UPDATE journal_epochs SET rows_before = NULL")
    begin_if_new(journal)
    for _ in range(2):
        done = pulse.audit()
        assert done.exit_code == 1
        assert "restored from a backup of its beginning" in done.stdout


def test_a_worker_that_begins_the_epoch_during_the_first_audit_is_not_mistaken_for_a_backup(
    pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recount_beside_a_worker(*args: Any) -> Recount:
        begin_if_new(current_journal())
        return recount(*args)

    monkeypatch.setattr(commands, "recount", recount_beside_a_worker)
    done = pulse.audit()
    assert (done.exit_code, CLOSED in done.stdout) == (0, True), done.stdout


def test_the_json_output_holds_the_same_figures_and_faults(pulse: Pulse, books: Books) -> None:
    books.count(5)
    books.lose_rows(2)
    pulse.rebuild()
    done = pulse.audit("--json")
    said = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (said["closed"], [fault.startswith("Raw events are missing") for fault in said["faults"]]) == (False, [True])
    assert (said["epoch"]["least"], said["epoch"]["rows"], said["epoch"]["most"]) == (5, 3, 5)
    assert said["journal"]["settled_new"] == 5
    assert said["database"]["events"]["watched_50_percent"]["raw"] == 3
