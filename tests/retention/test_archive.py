"""Raw events move into the archive while others are counted: no count changes, and none is counted again."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import RedisError
from sqlalchemy import true

from pulse_analytics import config
from pulse_analytics.audit.commands import audit_command, rebuild_command
from pulse_analytics.database.models import video_events
from pulse_analytics.events import EVENT_TYPES
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.recorder import record
from pulse_analytics.retention.archive import sweep_slice
from tests.facts import Facts, report
from tests.test_events import event

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy import ColumnElement

    from tests.servers.valkey import ValkeyContainer

ALL = list(EVENT_TYPES)


def sweep(rows: ColumnElement[bool] | None = None) -> int:
    """Move these raw events into the archive, slice by slice. Returns how many."""
    moved, after = sweep_slice(true() if rows is None else rows, None)
    while after is not None:
        more, after = sweep_slice(true() if rows is None else rows, after)
        moved += more
    return moved


@pytest.mark.parametrize("size", [3, config.ARCHIVE_SIZE])
def test_archived_events_keep_their_counts_and_close_the_books(
    app: Flask, facts: Facts, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(config, "ARCHIVE_SIZE", size)
    record([event(f"v{number % 3}", f"u{number}", name=ALL[number % 5]) for number in range(40)])
    before = [facts.counts(name) for name in ALL]
    assert sweep(video_events.c.video_id != "v2") == 27
    assert (facts.rows(), facts.archived()) == (13, 27)
    assert sweep() == 13
    assert [facts.counts(name) for name in ALL] == before
    facts.assert_aggregates_exact()
    done = app.test_cli_runner().invoke(audit_command)
    assert done.exit_code == 0, done.stdout
    assert ["archived", "8"] in [line.split() for line in done.stdout.splitlines()]


def test_a_rebuild_counts_archived_events(app: Flask, facts: Facts) -> None:
    record([event("v1", f"u{number}") for number in range(5)])
    assert sweep(video_events.c.user_id != "u0") == 4
    facts.sql("UPDATE video_metrics SET watched_50_count = 1")
    facts.sql("DELETE FROM video_metrics_daily")
    run = app.test_cli_runner().invoke
    assert run(audit_command).exit_code == 1
    assert run(rebuild_command, ["v1"]).exit_code == 0
    facts.assert_aggregates_exact()
    facts.sql("UPDATE video_events_archived SET watched_50_count = watched_50_count + 1")
    assert run(audit_command).exit_code == 1
    assert run(rebuild_command).exit_code == 0
    assert facts.counts() == {"v1": 6}
    assert run(audit_command).exit_code == 1, "There is one more than the ledger has settled."


def test_an_event_that_was_committed_and_not_settled_is_left_and_counts_once(client: FlaskClient, facts: Facts) -> None:
    for number in range(5):
        assert client.post("/analytics", json=report(user_id=f"u{number}")).status_code == 202
    journal = current_journal()
    batch = journal.take("killed")
    record([entry.event for entry in batch.entries])
    journal.settle(batch.entries[:2])
    assert sweep() == 2
    assert (facts.rows(), facts.archived()) == (3, 2)
    journal.give_back("killed", batch.entries[2:])  # As if it had become stale.
    again = journal.take("another")
    assert record([entry.event for entry in again.entries]) == set()
    journal.settle([], again.entries)
    assert sweep() == 3
    assert facts.counts() == {"v1": 5}
    facts.wait_until_settled(0)


def test_events_that_wait_for_a_newer_worker_are_read_in_slices(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "COUNT_SIZE", 2)
    ids = [client.post("/analytics", json=report(user_id=f"u{number}")).get_json()["eventId"] for number in range(7)]
    journal = current_journal()
    assert journal.taken_events() == set()
    entries = journal.take("one").entries
    assert journal.taken_events() == set(ids)
    journal.hold(entries[:5])
    assert journal.taken_events() == set(ids)
    journal.settle(entries)
    assert journal.taken_events() == set()


@pytest.mark.usefixtures("app")
def test_without_an_answer_of_redis_nothing_is_deleted(facts: Facts, own_valkey: ValkeyContainer) -> None:
    record([event("v1", f"u{number}") for number in range(5)])
    own_valkey.process.stop()
    with pytest.raises(RedisError):
        sweep()
    assert (facts.rows(), facts.archived()) == (5, 0)


@pytest.mark.nightly
def test_events_flow_meanwhile(app: Flask, facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "ARCHIVE_SIZE", 7)
    ended = threading.Event()

    def flow() -> None:
        with app.app_context():
            for number in range(60):
                now = datetime.now(UTC).timestamp()
                record([event(f"v{n % 3}", f"u{number}-{n}", ts=int(now * 1000) - n) for n in range(20)])
        ended.set()

    writer = threading.Thread(target=flow)
    writer.start()
    moved = 0
    while not ended.is_set():
        moved += sweep()
    writer.join()
    moved += sweep()
    assert moved == facts.archived() == 1200
    assert sum(facts.counts().values()) == 1200
    facts.assert_aggregates_exact()
