"""What an audit reports about the journal: each contradiction is written directly to Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics.ingest.journal.entries import BadEntry
from tests.audit.conftest import Pulse
from tests.facts import Facts
from tests.ingest.journal.test_journal import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulse_analytics.ingest.journal import Journal

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

JOURNAL, DEAD, LEDGER = "queue:analytics", "queue:analytics:dead", "pulse:ledger"


@pytest.fixture
def busy(journal: Journal, facts: Facts) -> Any:
    """Redis with eleven entries: two settled, one parked, one dropped, three pending, four unread."""
    journal.accept(events(7))
    entries = journal.take("me").entries
    journal.accept(events(4, first=7))
    journal.settle(entries[:2])
    journal.park(BadEntry(entry.entry_id, "a reason") for entry in entries[2:4])
    journal.drop([journal.dead_letters(1)[0].letter_id])
    return facts.redis


@pytest.mark.usefixtures("busy")
def test_each_figure_of_the_journal_is_shown(pulse: Pulse) -> None:
    done = pulse.audit()
    assert done.exit_code == 0
    assert [line.split() for line in done.stdout.splitlines()][1:6] == [
        ["accepted", "11"],
        ["settled", "2"],
        ["waiting", "7", "(3", "pending,", "4", "unread)"],
        ["parked", "1", "(1", "dead", "letters)"],
        ["dropped", "1"],
    ]


def test_entries_of_unknown_events_are_pending_and_the_audit_says_how_many(pulse: Pulse, journal: Journal) -> None:
    journal.accept(events(3))
    journal.hold(journal.take("of an earlier version").entries[:2])
    done = pulse.audit()
    assert done.exit_code == 0
    assert "waiting                  3  (3 pending (2 of unknown events: upgrade the workers), 0 unread)" in done.stdout


def first_pending(redis: Any) -> str:
    return str(redis.xpending_range(JOURNAL, "persist", "-", "+", 1)[0]["message_id"])


def newest(redis: Any) -> str:
    return str(redis.xrevrange(JOURNAL, count=1)[0][0])


OPEN = "The ledger does not close"
LOST = "The journal does not close"
LETTERS = "dead letters."
TAMPERING: list[tuple[str, Callable[[Any], object], set[str]]] = [
    ("accepted too high", lambda redis: redis.hincrby(LEDGER, "accepted", 1), {OPEN}),
    ("settled too low", lambda redis: redis.hincrby(LEDGER, "settled", -1), {OPEN}),
    ("dropped too high", lambda redis: redis.hincrby(LEDGER, "dropped", 1), {OPEN}),
    ("parked too high", lambda redis: redis.hincrby(LEDGER, "parked", 1), {OPEN, LETTERS}),
    ("ledger gone", lambda redis: redis.delete(LEDGER), {OPEN, LETTERS}),
    ("entry of another", lambda redis: redis.xadd(JOURNAL, {"foreign": "yes"}), {OPEN}),
    ("acknowledged and not deleted", lambda redis: redis.xack(JOURNAL, "persist", first_pending(redis)), {LOST}),
    ("deleted and still pending", lambda redis: redis.xdel(JOURNAL, first_pending(redis)), {OPEN, LOST}),
    ("unread and deleted", lambda redis: redis.xdel(JOURNAL, newest(redis)), {OPEN}),
    ("skipped", lambda redis: redis.xgroup_setid(JOURNAL, "persist", "$"), {LOST}),
    ("trimmed", lambda redis: redis.xtrim(JOURNAL, maxlen=0, approximate=False), {OPEN, LOST}),
    ("letter gone", lambda redis: redis.xtrim(DEAD, maxlen=0, approximate=False), {LETTERS}),
    ("group made anew", lambda redis: make_anew(redis, "0"), set()),
    ("group made anew at the end", lambda redis: make_anew(redis, "$"), {LOST}),
    ("group gone", lambda redis: redis.xgroup_destroy(JOURNAL, "persist"), set()),
    ("all gone", lambda redis: redis.flushall(), set()),
]


def make_anew(redis: Any, after: str) -> None:
    redis.xgroup_destroy(JOURNAL, "persist")
    redis.xgroup_create(JOURNAL, "persist", after)


@pytest.mark.parametrize(("tamper", "faults"), [each[1:] for each in TAMPERING], ids=[each[0] for each in TAMPERING])
def test_each_figure_that_does_not_add_up_is_reported(
    pulse: Pulse, busy: Any, tamper: Callable[[Any], object], faults: set[str]
) -> None:
    tamper(busy)
    done = pulse.audit()
    lines = done.stdout.splitlines()
    said = {fault for fault in (OPEN, LOST, LETTERS) if any(fault in line and "(" not in line for line in lines)}
    assert said == faults
    assert done.exit_code == (1 if faults else 0)
