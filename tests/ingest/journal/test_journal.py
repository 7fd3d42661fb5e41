"""The stream: which consumer gets which entries, when they become stale, which are parked; the ledger always closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from pulse_analytics import config
from pulse_analytics.ingest.journal import Journal
from pulse_analytics.ingest.journal.entries import BadEntry
from tests.facts import Facts, wait_until
from tests.test_events import event

if TYPE_CHECKING:
    from pulse_analytics.config import Settings
    from pulse_analytics.events import Event
    from tests.servers.valkey import ValkeyContainer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FULL = config.BATCH_SIZE


def events(count: int, first: int = 0) -> list[Event]:
    return [event("v1", f"u{number}") for number in range(first, first + count)]


def test_a_batch_holds_at_most_500_entries_in_order(journal: Journal, facts: Facts) -> None:
    sent = events(700)
    journal.accept(sent)
    first, second = journal.take("me"), journal.take("me")
    assert [entry.event for entry in first.entries + second.entries] == sent
    assert (len(first.entries), first.full, second.full) == (FULL, True, False)
    assert facts.pending() == 700


def test_an_entry_taken_by_one_consumer_is_given_to_no_other(journal: Journal) -> None:
    journal.accept(events(3))
    assert len(journal.take("one").entries) == 3
    assert journal.take("two").entries == []
    assert journal.linger("two").entries == []


def test_an_entry_given_back_goes_to_the_next_consumer(journal: Journal) -> None:
    journal.accept(events(3))
    entries = journal.take("one").entries
    journal.give_back("one", entries[:2])
    assert journal.take("two").entries == entries[:2]


def test_entries_of_a_dead_consumer_become_stale(journal: Journal, settings: Settings) -> None:
    journal.accept(events(3))
    entries = journal.take("dead").entries
    assert journal.take("me").entries == []
    wait_until(lambda: journal.take("me").entries == entries, settings.stale_after_seconds + 2)


def test_neither_stale_nor_new_entries_starve_the_others(journal: Journal) -> None:
    journal.accept(events(600))
    failing = journal.take("one").entries + journal.take("one").entries
    journal.give_back("one", failing)
    journal.accept(events(600, first=600))
    taken = [entry.event.user_id for entry in journal.take("two").entries]
    assert sum(int(user[1:]) < 600 for user in taken) == FULL // 2
    assert len(taken) == FULL


def test_without_new_entries_a_batch_holds_only_stale_ones(journal: Journal) -> None:
    journal.accept(events(FULL))
    journal.give_back("one", journal.take("one").entries)
    assert len(journal.take("two").entries) == FULL


def test_lingering_ends_when_an_event_arrives(journal: Journal) -> None:
    journal.take("me")
    assert journal.linger("me").entries == []
    journal.accept(events(2))
    assert len(journal.linger("me").entries) == 2


def test_settling_twice_counts_once(journal: Journal, facts: Facts) -> None:
    journal.accept(events(3))
    entries = journal.take("me").entries
    journal.settle(entries)
    journal.settle(entries)
    assert facts.ledger() == {"accepted": 3, "duplicate": 0, "settled": 3, "parked": 0, "dropped": 0}
    assert (facts.waiting(), facts.pending()) == (0, 0)


def test_parking_twice_parks_once(journal: Journal, facts: Facts) -> None:
    journal.accept(events(2))
    bad = [BadEntry(entry.entry_id, "a reason") for entry in journal.take("me").entries]
    journal.park(bad)
    journal.park(bad)
    assert (facts.waiting(), facts.pending(), facts.parked()) == (0, 0, 2)
    facts.assert_exact()
    [first, _] = journal.dead_letters(10)
    assert first.reason == "a reason"
    assert first.fields["userId"] == "u0"
    assert set(first.fields) == {"id", "videoId", "event", "userId", "ts", "receivedAt"}


def test_a_replayed_dead_letter_becomes_its_original_entry_again(
    journal: Journal, facts: Facts, valkey: ValkeyContainer
) -> None:
    facts.redis.xadd("queue:analytics", {"parkedReason": "mine", "odd": "field", b"\xff": b"\xfe"})
    facts.foreign = 1
    journal.park(journal.take("me").bad)
    [letter] = journal.dead_letters(10)
    assert journal.replay([letter.letter_id, "1-1"]) == 1
    assert facts.parked() == 0
    facts.assert_exact()
    with Redis.from_url(valkey.url) as raw:
        entries = [fields for _, fields in raw.xrange("queue:analytics")]
    assert entries == [{b"parkedReason": b"mine", b"odd": b"field", b"\xff": b"\xfe"}]


def test_a_dropped_dead_letter_is_deleted_and_counted_in_the_ledger(journal: Journal, facts: Facts) -> None:
    journal.accept(events(3))
    journal.park(BadEntry(entry.entry_id, "a reason") for entry in journal.take("me").entries)
    letters = [letter.letter_id for letter in journal.dead_letters(2)]
    assert journal.drop([*letters, letters[0]]) == 2
    assert facts.ledger() == {"accepted": 3, "duplicate": 0, "settled": 0, "parked": 1, "dropped": 2}
    facts.assert_exact()


BAD_ENTRIES = [
    ({"id": None}, "id"),
    ({"id": "not-a-uuid"}, "id"),
    ({"videoId": ""}, "videoId"),
    ({"videoId": "a\nb"}, "videoId"),
    ({"videoId": b"\xff"}, "videoId"),
    ({"userId": "x" * 129}, "userId"),
    ({"event": ""}, "event"),
    ({"event": "Watched 51 %"}, "event"),
    ({"event": "x" * 65}, "event"),
    ({"event": "watched_51_percent", "ts": "-1"}, "ts"),
    ({"ts": "-1"}, "ts"),
    ({"ts": "1.5"}, "ts"),
    ({"ts": "²"}, "ts"),
    ({"ts": "253402300800000"}, "ts"),
    ({"ts": "9" * 5000}, "ts"),
    ({"receivedAt": "now"}, "receivedAt"),
]


@pytest.mark.parametrize(("change", "field"), BAD_ENTRIES)
def test_an_entry_without_a_valid_event_is_refused_with_the_reason(
    journal: Journal, facts: Facts, change: dict[str, str | bytes | None], field: str
) -> None:
    journal.accept(events(1))
    [(entry_id, fields)] = facts.redis.xrange("queue:analytics")
    facts.redis.xdel("queue:analytics", entry_id)
    changed = {name: value for name, value in {**fields, **change}.items() if value is not None}
    facts.redis.xadd("queue:analytics", changed)
    batch = journal.take("me")
    assert batch.entries == []
    assert [bad.reason for bad in batch.bad] == [f"{field} is missing or not valid"]


def test_one_wake_up_serves_many_events(journal: Journal) -> None:
    assert journal.accept(events(1)).wake is True
    assert journal.accept(events(1, first=1)).wake is False
    assert journal.must_wake() is False
    journal.release_wakeup()
    assert journal.accept(events(1)).wake is False  # A duplicate: nothing new waits.
    assert journal.must_wake() is True
    assert journal.must_wake() is False


def test_no_worker_is_woken_for_an_empty_journal(journal: Journal) -> None:
    assert journal.must_wake() is False


def test_idle_consumers_are_removed_unless_they_have_pending_entries(journal: Journal, facts: Facts) -> None:
    assert journal.prune_consumers(0) == 0
    journal.accept(events(1))
    journal.take("has one")
    journal.take("has none")
    wait_until(lambda: all(consumer["idle"] > 1 for consumer in consumers(facts)))
    assert journal.prune_consumers(60) == 0
    assert journal.prune_consumers(0) == 1
    assert [consumer["name"] for consumer in consumers(facts)] == ["has one"]
    journal.give_back("has one", journal.take("has one").entries)
    assert facts.pending() == 1


def consumers(facts: Facts) -> list[dict[str, Any]]:
    return list(facts.redis.xinfo_consumers("queue:analytics", "persist"))


def test_after_redis_lost_its_data_the_consumer_group_starts_at_the_first_entry(journal: Journal, facts: Facts) -> None:
    journal.take("me")
    facts.redis.flushall()
    journal.accept(events(2))
    assert len(journal.take("me").entries) == 2


def test_a_key_of_another_type_in_place_of_the_journal_is_an_error_and_stays(journal: Journal, facts: Facts) -> None:
    facts.redis.rpush("queue:analytics", "left by an older system")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        journal.take("me")
    assert facts.redis.lrange("queue:analytics", 0, -1) == ["left by an older system"]
