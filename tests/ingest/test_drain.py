"""Batch after batch: when a run ends, which entries it gives back or parks, and when it wakes a second worker."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from pulse_analytics import config
from pulse_analytics.config import Settings
from pulse_analytics.events import dedupe_key
from pulse_analytics.ingest.drain import drain
from pulse_analytics.ingest.journal import Journal
from pulse_analytics.ingest.journal.connection import connect_redis
from pulse_analytics.ingest.recorder import record
from tests.facts import Facts
from tests.ingest.journal.test_journal import events
from tests.ingest.test_worker import refuse
from tests.test_events import event


class Calls:
    """Counts how often a second worker was woken."""

    number = 0

    def __call__(self) -> None:
        self.number += 1


def run(journal: Journal) -> tuple[bool, int]:
    calls = Calls()
    return drain(journal, "me", calls), calls.number


def test_a_run_ends_when_the_journal_is_empty_and_the_next_event_wakes_a_worker(journal: Journal, facts: Facts) -> None:
    journal.accept(events(700))
    assert run(journal) == (False, 1)
    facts.wait_until_settled(0)
    assert facts.counts() == {"v1": 700}
    assert not facts.redis.exists("pulse:wakeup")
    assert journal.accept(events(1, first=700)).wake is True


@pytest.mark.parametrize("times", [2, 10])
def test_an_entry_taken_twice_counts_once(journal: Journal, facts: Facts, times: int) -> None:
    journal.accept(events(1))
    for number in range(times):  # Workers that die after the commit, in turn.
        [entry] = journal.take(f"ghost{number}").entries
        record([entry.event])
        journal.give_back(f"ghost{number}", [entry])
    run(journal)
    facts.wait_until_settled(0)
    assert (facts.rows(), facts.counts()) == (1, {"v1": 1})


def test_one_event_on_two_entries_of_a_batch_counts_once(journal: Journal, facts: Facts) -> None:
    [twice, other] = events(2)
    journal.accept([twice])
    facts.redis.delete(dedupe_key(twice))
    journal.accept([twice, other])
    assert facts.waiting() == 3
    run(journal)
    facts.wait_until_settled(0)
    assert (facts.rows(), facts.counts()) == (2, {"v1": 2})


def test_entries_without_a_valid_event_are_parked_and_the_others_counted(journal: Journal, facts: Facts) -> None:
    journal.accept(events(1))
    for fields in ({"hello": "world"}, {b"\xff": b"\xfe\x00"}, {"id": "x", "videoId": "v1"}):
        facts.redis.xadd("queue:analytics", fields)
        facts.foreign += 1
    journal.accept(events(1, first=1))
    run(journal)
    facts.wait_until_settled(0)
    assert facts.counts() == {"v1": 2}
    assert facts.parked() == 3


def test_a_run_ends_when_its_time_is_over(journal: Journal, facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "RUN_BUDGET_SECONDS", 0.001)
    journal.accept(events(2 * config.BATCH_SIZE))
    assert run(journal)[0] is True
    assert facts.waiting() == config.BATCH_SIZE


def test_an_event_accepted_just_before_the_wake_up_flag_is_dropped_is_recorded(
    settings: Settings, facts: Facts
) -> None:
    class Racing(Journal):
        """A journal to which an event is added after the last `take` and before the wake-up flag is dropped."""

        races = 0

        def release_wakeup(self) -> None:
            if self.races < 3:
                assert self.accept(events(1, first=self.races)).wake is (self.races == 0)
                self.races += 1
            super().release_wakeup()

    with connect_redis(settings) as redis:
        journal = Racing(redis, settings)
        assert run(journal) == (False, 0)
        facts.wait_until_settled(0)
        assert facts.counts() == {"v1": 3}
        assert journal.accept(events(1, first=3)).wake is True


@pytest.mark.usefixtures("own_valkey")
def test_at_the_memory_limit_the_journal_is_drained(journal: Journal, facts: Facts) -> None:
    journal.accept(events(700))
    run(journal)  # The group is there and the scripts are loaded, as in any worker that has worked before.
    journal.accept(events(700, first=700))
    facts.redis.config_set("maxmemory-policy", "noeviction")
    facts.redis.config_set("maxmemory", "1")
    assert run(journal)[0] is False
    facts.redis.config_set("maxmemory", "0")
    facts.wait_until_settled(0)
    assert facts.counts() == {"v1": 1400}


def test_an_entry_too_large_to_park_whole_does_not_hold_up_the_others(journal: Journal, facts: Facts) -> None:
    facts.redis.xadd("queue:analytics", {f"field{number}": "x" for number in range(5000)})
    facts.foreign = 1
    journal.accept(events(10))
    run(journal)
    facts.wait_until_settled(0)
    assert facts.counts() == {"v1": 10}
    [letter] = journal.dead_letters(10)
    assert len(letter.fields) == 2000


def test_entries_that_could_not_be_recorded_go_to_the_next_worker(journal: Journal, facts: Facts) -> None:
    journal.accept(events(3))
    facts.sql("ALTER TABLE video_metrics RENAME TO hidden")
    with pytest.raises(DBAPIError):
        run(journal)
    assert (facts.rows(), facts.waiting(), facts.parked()) == (0, 3, 0)
    facts.sql("ALTER TABLE hidden RENAME TO video_metrics")
    assert drain(journal, "another", Calls()) is False
    facts.wait_until_settled(0)
    assert facts.counts() == {"v1": 3}


def test_refused_events_are_parked_and_all_others_recorded(
    journal: Journal, facts: Facts, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(facts, "poison")
    sent = [event("poison" if number % 100 == 7 else "v1", f"u{number}") for number in range(500)]
    journal.accept(sent)
    run(journal)
    facts.wait_until_settled(0)
    assert facts.counts() == {"v1": 495}
    parked = [letter.fields["userId"] for letter in journal.dead_letters(10)]
    assert parked == ["u7", "u107", "u207", "u307", "u407"]
    reasons = [letter.reason for letter in journal.dead_letters(10)]
    assert all("refused" in reason for reason in reasons)
    assert not re.search(r"\bu\d+\b", caplog.text + " ".join(reasons)), "The log names viewers."


def test_if_the_database_refuses_everything_nothing_is_parked(journal: Journal, facts: Facts) -> None:
    refuse(facts, "v1")
    journal.accept(events(20))
    with pytest.raises(IntegrityError):
        run(journal)
    assert (facts.rows(), facts.waiting(), facts.parked()) == (0, 20, 0)


def test_a_journal_full_of_refused_events_does_not_hold_up_a_good_one(
    journal: Journal, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "BATCH_SIZE", 50)
    monkeypatch.setattr(config, "RUN_BUDGET_SECONDS", 60)  # Each of them is refused alone, in its own transaction.
    refuse(facts, "v1")
    journal.accept(events(config.BATCH_SIZE))
    with pytest.raises(IntegrityError):
        run(journal)
    journal.accept([event("good")])
    with pytest.raises(IntegrityError):
        run(journal)
    assert facts.counts() == {"good": 1}
    # One refused event did not fit into the good one's batch: it waits for the next neighbour.
    assert (facts.parked(), facts.waiting()) == (config.BATCH_SIZE - 1, 1)
    facts.assert_exact()
