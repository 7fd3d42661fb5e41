"""Redis 7.0 reports a wrong lag after an AOF rewrite and a restart (redis/redis#13337); the balance is still right."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pulse_analytics.config import CONNECTION_TRUST_SECONDS
from tests.facts import Facts, wait_until
from tests.ingest.journal.test_balance import lag, unread
from tests.ingest.journal.test_journal import events
from tests.ingest.journal.test_unknown_events import check_that_held_entries_survive
from tests.servers.debian import Missing, find_program
from tests.servers.valkey import ValkeyContainer, start_valkey

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from pulse_analytics.config import Settings
    from pulse_analytics.ingest.journal import Journal

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def own_valkey(tmp_path: Path, ending: ExitStack) -> ValkeyContainer:
    """A Redis 7.0."""
    try:
        program = find_program("redis-server")
    except Missing as missing:
        pytest.skip(str(missing))
    container = start_valkey(tmp_path / "redis", program)
    ending.callback(container.teardown)
    version = container.client.info("server")["redis_version"]
    if not version.startswith("7.0."):
        pytest.skip(f"{program.path} is Redis {version}, not 7.0")
    return container


def test_the_number_of_unread_entries_is_right_after_an_aof_rewrite_and_a_kill(
    own_valkey: ValkeyContainer, journal: Journal, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = 0

    def accept(count: int) -> None:
        nonlocal users
        journal.accept(events(count, first=users))
        users += count

    def take_and_settle(most: int) -> None:
        monkeypatch.setattr("pulse_analytics.config.BATCH_SIZE", most)
        journal.settle(journal.take("me").entries)

    accept(10)
    take_and_settle(4)
    facts.redis.bgrewriteaof()
    wait_until(lambda: not facts.redis.info("persistence")["aof_rewrite_in_progress"])
    accept(4)
    take_and_settle(10)
    accept(3)
    own_valkey.process.kill()
    own_valkey.start()
    time.sleep(CONNECTION_TRUST_SECONDS)  # Until then the journal uses its connection without a look.
    take_and_settle(9)
    accept(2)
    take_and_settle(9)
    assert lag(facts) != unread(facts) == 0  # Else this Redis has no such fault, and shows nothing.
    balance = journal.balance()
    assert (balance.faults(), balance.waiting, balance.unread, balance.settled) == ([], 0, 0, 19)


def test_held_entries_survive_an_aof_rewrite_and_a_kill(
    own_valkey: ValkeyContainer, journal: Journal, facts: Facts, settings: Settings
) -> None:
    check_that_held_entries_survive(journal, facts, own_valkey, settings)
