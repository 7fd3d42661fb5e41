"""The journal's balance is exact, in whatever order entries come, are read, settled and parked."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics import config
from pulse_analytics.events import DEFAULT_EVENT, EVENT_TYPES
from pulse_analytics.ingest.journal.entries import BadEntry, Entry
from tests.facts import Facts
from tests.ingest.journal.test_journal import events
from tests.test_events import event

if TYPE_CHECKING:
    from pulse_analytics.ingest.journal import Journal

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

*_, _KNOWN_TO_SOME = EVENT_TYPES.values()
"""An event that the workers of an earlier version do not know. (The last one: put back, it is in its place.)"""


@pytest.fixture(params=[1, 3, config.COUNT_SIZE])
def count_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of one entry, of a few, of all."""
    monkeypatch.setattr(config, "COUNT_SIZE", request.param)


def lag(facts: Facts) -> int | None:
    """How many entries Redis itself reports as unread."""
    lag = _group(facts).get("lag")
    return None if lag is None else int(lag)


def unread(facts: Facts) -> int:
    """How many entries follow the last one that the group has read."""
    last = _group(facts).get("last-delivered-id", "0-0")
    return len(facts.redis.xrange("queue:analytics", f"({last}"))


def _group(facts: Facts) -> Any:
    groups = facts.redis.xinfo_groups("queue:analytics") if facts.redis.exists("queue:analytics") else []
    return next((group for group in groups if group["name"] == "persist"), {})


class Steps:
    """The steps of clients, workers and operators, in any order, on one journal."""

    def __init__(self, journal: Journal, facts: Facts, chance: random.Random) -> None:
        self._journal, self._facts, self._chance = journal, facts, chance
        self._taken: list[list[Entry]] = []
        self._users = 0

    def accept(self) -> None:
        names = self._chance.choices([DEFAULT_EVENT, _KNOWN_TO_SOME.name], k=10)
        sent = [event("v1", f"u{self._users + number}", name=name) for number, name in enumerate(names)]
        with pytest.MonkeyPatch.context() as web:
            web.setitem(EVENT_TYPES, _KNOWN_TO_SOME.name, _KNOWN_TO_SOME)  # It may be newer than the workers.
            self._journal.accept(sent)
        self._users += 10

    def take(self) -> None:
        batch = self._journal.take("me")
        self._journal.hold(batch.unknown)
        self._taken.append(batch.entries)

    def upgrade(self) -> None:
        """From now on the workers know all events, or one less."""
        if EVENT_TYPES.pop(_KNOWN_TO_SOME.name, None) is None:
            EVENT_TYPES[_KNOWN_TO_SOME.name] = _KNOWN_TO_SOME
            self._journal._look_at = 0  # As in a new process.

    def settle(self) -> None:
        self._journal.settle(self._batch())

    def park(self) -> None:
        self._journal.park(BadEntry(entry.entry_id, "a reason") for entry in self._batch())

    def drop(self) -> None:
        self._journal.drop(self._letter() or ["1-1"])

    def replay(self) -> None:
        self._journal.replay(self._letter())

    def lose_the_group(self) -> None:
        if self._facts.waiting() and self._chance.random() < 0.2:
            self._facts.redis.xgroup_destroy("queue:analytics", "persist")
            self._taken.clear()

    def _batch(self) -> list[Entry]:
        return self._taken.pop(self._chance.randrange(len(self._taken))) if self._taken else []

    def _letter(self) -> list[str]:
        return [letter.letter_id for letter in self._journal.dead_letters(1)]


@pytest.mark.usefixtures("count_size")
@pytest.mark.parametrize("seed", range(5))
def test_the_balance_is_exact_after_any_steps(
    journal: Journal, facts: Facts, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "BATCH_SIZE", 4)
    monkeypatch.delitem(EVENT_TYPES, _KNOWN_TO_SOME.name)  # It comes back, whatever the steps leave.
    chance, unknown, held = random.Random(seed), 0, 0
    steps = Steps(journal, facts, chance)
    each = [steps.accept, steps.take, steps.settle, steps.park, steps.drop, steps.replay, steps.lose_the_group]
    for step in chance.choices([*each, steps.upgrade], weights=[3, 5, 4, 1, 1, 1, 1, 1], k=80):
        step()
        balance = journal.balance()
        assert balance.faults() == []
        assert balance._asdict() == facts.ledger() | {
            "waiting": facts.waiting(),
            "pending": facts.pending() if _group(facts) else 0,  # Otherwise all is read again.
            "letters": facts.parked(),
            "unknown": facts.held() if _group(facts) else 0,
            "unread": unread(facts),
            "settled_new": facts.ledger()["settled"],
            "epoch": "",
            "epoch_begun": 0,
        }
        unknown += bool(balance.pending) and lag(facts) is None
        held += balance.unknown
    assert unknown > 0  # Else nothing was counted: Redis knew it every time.
    assert held > 0


def test_entries_read_during_the_count_are_counted_again(
    journal: Journal, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "BATCH_SIZE", 5)
    journal.accept(events(40))
    journal.take("me")
    journal.settle(journal.take("me").entries)
    assert lag(facts) is None
    monkeypatch.setattr(config, "COUNT_SIZE", 3)
    run, slices = journal._scripts.run, []

    def run_and_be_overtaken(script: str, keys: list[str], args: list[str | int]) -> object:
        if script == "count":
            slices.append(args)
            if len(slices) == 2:  # By a worker, between two slices of what is counted.
                journal.settle([entry for _ in range(4) for entry in journal.take("me").entries])
            if len(slices) == 4:  # By a client, after the moment that is looked at.
                journal.accept(events(7, first=40))
        return run(script, keys, args)

    monkeypatch.setattr(journal._scripts, "run", run_and_be_overtaken)
    balance = journal.balance()
    assert (balance.waiting, balance.pending, balance.unread) == (15, 5, 10)
    assert balance.faults() == []
    assert len(slices) > 4
