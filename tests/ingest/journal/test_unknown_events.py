"""Entries of events that only a newer version knows: they wait, cost no `take` anything, and are counted once."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics import config
from pulse_analytics.events import EVENT_TYPES
from pulse_analytics.ingest.journal import Journal
from pulse_analytics.ingest.journal.connection import connect_redis
from pulse_analytics.ingest.journal.entries import BadEntry
from pulse_analytics.ingest.recorder import record
from pulse_analytics.sparse_log import SparseLog
from tests.conftest import TOKEN
from tests.facts import Facts, wait_until
from tests.ingest.journal.test_journal import events
from tests.ingest.test_drain import run
from tests.test_events import event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from pulse_analytics.config import Settings
    from pulse_analytics.events import Event
    from pulse_analytics.ingest.journal.entries import Entry
    from tests.servers.valkey import ValkeyContainer

NEW = list(EVENT_TYPES)[-1]
"""The newest version knows it. (The last one: put back, it is in its place.)"""
_NEW_TYPE = EVENT_TYPES[NEW]

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the worker does with Redis alone."""


@contextmanager
def earlier_version() -> Iterator[None]:
    """The workers do not know NEW."""
    with pytest.MonkeyPatch.context() as earlier:
        earlier.delitem(EVENT_TYPES, NEW)
        yield


@pytest.fixture
def upgraded(settings: Settings) -> Iterator[Journal]:
    """The journal in a process of its own, which has just started."""
    with connect_redis(settings) as redis:
        yield Journal(redis, settings)


def new_events(count: int, first: int = 0) -> list[Event]:
    return [event("v1", f"u{number}", name=NEW) for number in range(first, first + count)]


def accept(journal: Journal, sent: list[Event]) -> None:
    """Accept them, as a web process of the newest version does."""
    with pytest.MonkeyPatch.context() as newest:
        newest.setitem(EVENT_TYPES, NEW, _NEW_TYPE)
        for start in range(0, len(sent), 500):
            journal.accept(sent[start : start + 500])


def live(client: FlaskClient) -> Any:
    return client.get("/admin/analytics/live", headers={"Authorization": f"Bearer {TOKEN}"}).get_json()


def test_events_of_a_newer_version_wait_and_are_counted_once_after_the_upgrade(
    journal: Journal, upgraded: Journal, facts: Facts, client: FlaskClient
) -> None:
    accept(journal, [*new_events(700), *events(30)])
    with earlier_version():
        assert run(journal)[0] is False
        assert (facts.waiting(), facts.pending(), live(client)["unknownEvents"]) == (700, 700, {NEW: 700})
        assert (journal.balance().faults(), journal.balance().unknown) == ([], 700)
    facts.assert_exact()
    assert (facts.counts(), facts.counts(NEW), facts.parked()) == ({"v1": 30}, {}, 0)
    assert run(upgraded)[0] is False
    facts.wait_until_settled(0)
    assert (facts.rows(), facts.counts(NEW), facts.pending()) == (730, {"v1": 700}, 0)
    assert live(client)["unknownEvents"] == {}


@on_sqlite
def test_five_thousand_waiting_entries_do_not_keep_a_stale_one_from_being_taken(journal: Journal, facts: Facts) -> None:
    accept(journal, [*new_events(5000), *events(1)])
    with earlier_version():
        taken = [journal.take("dead") for _ in range(11)]
        for batch in taken:
            journal.give_back("dead", [*batch.unknown, *batch.entries])
        assert run(journal)[0] is False
        assert (facts.counts(), facts.held()) == ({"v1": 1}, 5000)
        journal.accept(events(1, first=1))
        stale = journal.take("dead").entries
        journal.give_back("dead", stale)
        assert journal.take("me").entries == stale != []


@on_sqlite
def test_each_event_is_logged_once_and_then_only_now_and_then(
    journal: Journal, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_analytics.ingest.drain._unknown_log", SparseLog(logging.getLogger("drain"), 60))
    caplog.set_level(logging.WARNING)
    with earlier_version():
        for number in range(3):
            accept(journal, new_events(5, first=5 * number))
            run(journal)
    assert [line for line in caplog.messages if NEW in line] == [
        f"This worker does not know the event {NEW}: its entries wait for a newer worker."
    ]


@on_sqlite
def test_an_entry_that_a_newer_worker_settles_or_parks_meanwhile_is_held_no_longer(
    journal: Journal, upgraded: Journal, facts: Facts
) -> None:
    accept(journal, new_events(3))
    slow = upgraded.take("newer").entries
    upgraded.give_back("newer", slow)  # They become stale while it records them.
    with earlier_version():
        run(journal)
    assert facts.held() == 3
    record([entry.event for entry in slow[:2]])
    upgraded.settle(slow[:2])
    upgraded.park([BadEntry(slow[2].entry_id, "a reason")])
    assert (facts.held(), facts.pending(), upgraded.balance().faults()) == (0, 0, [])
    facts.wait_until_settled(0)
    assert (facts.counts(NEW), facts.parked()) == ({"v1": 2}, 1)


@on_sqlite
def test_an_entry_that_was_settled_before_is_not_held(journal: Journal, upgraded: Journal, facts: Facts) -> None:
    accept(journal, new_events(2))
    with earlier_version():
        frozen = journal.take("earlier").unknown
        journal.give_back("earlier", frozen)
    assert run(upgraded)[0] is False
    journal.hold(frozen)
    assert (facts.waiting(), facts.held(), journal.balance().faults()) == (0, 0, [])
    assert facts.counts(NEW) == {"v1": 2}


@on_sqlite
def test_neither_held_nor_new_entries_starve_the_others_after_an_upgrade(journal: Journal, upgraded: Journal) -> None:
    accept(journal, new_events(1200))
    with earlier_version():
        run(journal)
    accept(journal, events(600))
    names = [entry.event.event for entry in upgraded.take("newer").entries]
    assert (names.count(NEW), len(names)) == (config.BATCH_SIZE // 2, config.BATCH_SIZE)
    names = [entry.event.event for number in range(3) for entry in upgraded.take(f"newer{number}").entries]
    assert (names.count(NEW), len(names)) == (950, 1300)


@on_sqlite
@pytest.mark.parametrize(
    "changed_settings", [{"PULSE_DATABASE_TIMEOUT_SECONDS": "0.5", "PULSE_STALE_AFTER_SECONDS": "1"}]
)
def test_entries_that_wait_long_are_taken_by_a_worker_that_knows_their_event_and_by_no_other(
    journal: Journal, upgraded: Journal, facts: Facts, settings: Settings
) -> None:
    assert run(upgraded)[0] is False  # Before anything is held.
    accept(journal, new_events(3))
    taken: list[Entry] = []

    def is_taken() -> bool:
        with earlier_version():
            assert journal.take("earlier").empty
        taken.extend(upgraded.take("newer").entries)
        return bool(taken)

    with earlier_version():
        run(journal)
    wait_until(is_taken, settings.stale_after_seconds + 2)
    assert (len(taken), facts.held(), facts.pending()) == (3, 0, 3)


@pytest.mark.usefixtures("own_valkey")
@on_sqlite
def test_at_the_memory_limit_unknown_events_are_held_and_taken_again(
    journal: Journal, upgraded: Journal, facts: Facts
) -> None:
    accept(journal, events(10))
    with earlier_version():
        run(journal)  # The group is there and the scripts are loaded, but those that it needs now.
        for name in ("hold", "take", "settle"):
            facts.redis.script_load(journal._scripts._texts[name])
        accept(journal, [*new_events(20), *events(20, first=10)])
        facts.redis.config_set("maxmemory-policy", "noeviction")
        facts.redis.config_set("maxmemory", "1")
        assert run(journal)[0] is False
        assert (facts.held(), facts.waiting()) == (20, 20)
    assert run(upgraded)[0] is False
    facts.redis.config_set("maxmemory", "0")
    facts.wait_until_settled(0)
    assert (facts.counts(), facts.counts(NEW)) == ({"v1": 30}, {"v1": 20})


@on_sqlite
def test_held_entries_survive_an_aof_rewrite_and_a_kill(
    journal: Journal, facts: Facts, own_valkey: ValkeyContainer, settings: Settings
) -> None:
    check_that_held_entries_survive(journal, facts, own_valkey, settings)


def check_that_held_entries_survive(
    journal: Journal, facts: Facts, server: ValkeyContainer, settings: Settings
) -> None:
    """Hold some before an AOF rewrite and some after it, kill the server, and count them by an upgraded worker."""
    with earlier_version():
        for first in (0, 10):
            accept(journal, new_events(10, first=first))
            run(journal)
            if not first:
                facts.redis.bgrewriteaof()
                wait_until(lambda: not facts.redis.info("persistence")["aof_rewrite_in_progress"])
    server.process.kill()
    server.start()
    assert (facts.held(), facts.pending(), facts.waiting()) == (20, 20, 20)
    with connect_redis(settings) as redis:
        assert run(Journal(redis, settings))[0] is False
    facts.wait_until_settled(0)
    assert (facts.rows(), facts.counts(NEW)) == (20, {"v1": 20})
