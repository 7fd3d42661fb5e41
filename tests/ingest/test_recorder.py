"""The transaction: raw events and aggregates, both or neither."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import BigInteger, Text, bindparam, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pulse_analytics.database import db
from pulse_analytics.database.postgresql import ArrayText
from pulse_analytics.events import EVENT_TYPES
from pulse_analytics.ingest.recorder import record
from tests.facts import Facts, wait_until
from tests.test_events import DAY_MS, NOON, event

if TYPE_CHECKING:
    from flask import Flask

    from pulse_analytics.events import Event

pytestmark = pytest.mark.usefixtures("app")


def test_each_new_event_adds_a_row_and_raises_a_count(facts: Facts) -> None:
    assert len(record([event("v1", "u1"), event("v1", "u2"), event("v2", "u1")])) == 3
    assert (facts.rows(), facts.counts()) == (3, {"v1": 2, "v2": 1})


def test_an_event_that_is_twice_in_a_batch_counts_once(facts: Facts) -> None:
    later = event("v1", received_at=NOON + 5)
    assert len(record([event("v1"), later, event("v1")])) == 1
    assert (facts.rows(), facts.counts()) == (1, {"v1": 1})


def test_an_event_that_is_already_recorded_changes_nothing(facts: Facts) -> None:
    assert len(record([event("v1", "u1"), event("v1", "u2")])) == 2
    assert len(record([event("v1", "u2"), event("v1", "u3")])) == 1
    assert len(record([event("v1", "u1")])) == 0
    assert (facts.rows(), facts.counts()) == (3, {"v1": 3})


def test_each_day_has_its_own_count(facts: Facts) -> None:
    events = [event("v1", f"u{days}-{n}", ts=NOON - days * DAY_MS) for days in range(3) for n in range(days + 1)]
    record(events)
    days = facts.sql("SELECT CAST(day AS text), watched_50_count FROM video_metrics_daily ORDER BY day")
    assert [tuple(row) for row in days] == [("2023-11-13", 3), ("2023-11-14", 2), ("2023-11-15", 1)]
    record([event("v2", "u0-0"), event("v2", "u0-0"), event("v1", "u0-0")])
    totals = facts.sql("SELECT CAST(day AS text), watched_50_count FROM daily_totals ORDER BY day")
    assert [tuple(row) for row in totals] == [("2023-11-13", 3), ("2023-11-14", 2), ("2023-11-15", 2)]


def test_a_batch_raises_the_counters_of_each_event_type_in_it_and_no_others(facts: Facts) -> None:
    record([event("v1", f"u{n}", name=name) for n, name in enumerate(EVENT_TYPES) for _ in range(2)])
    record([event("v1", "u9", name="video_started"), event("v2", "u9", name="watched_95_percent")])
    record([event("v1", "u9")])
    assert [facts.counts(name) for name in EVENT_TYPES] == [
        {"v1": 2},
        {"v1": 1},
        {"v1": 2},
        {"v1": 1},
        {"v1": 1, "v2": 1},
    ]
    facts.assert_aggregates_exact()


@pytest.mark.parametrize("table", ["video_metrics", "video_metrics_daily", "daily_totals"])
def test_if_counting_fails_nothing_is_recorded(facts: Facts, table: str) -> None:
    facts.sql(f"ALTER TABLE {table} RENAME TO hidden")
    with pytest.raises(SQLAlchemyError):
        record([event("v1")])
    facts.sql(f"ALTER TABLE hidden RENAME TO {table}")
    assert (facts.rows(), facts.counts()) == (0, {})


def test_a_counter_can_exceed_32_bits(facts: Facts) -> None:
    record([event("v1", "u1")])
    facts.sql("UPDATE video_metrics SET watched_50_count = 5000000000")
    record([event("v1", "u2")])
    assert facts.counts() == {"v1": 5_000_000_001}


def test_every_allowed_text_and_time_can_be_recorded(facts: Facts) -> None:
    texts = [
        "'; DROP TABLE video_events; --",
        "{}",
        "{a,b}",
        "a,b",
        "NULL",
        '"',
        "\\",
        '\\"',
        " a ",
        "%s %(x)s :y",
        " ",
        "\U0001f600" * 128,
    ]
    events = [event(text, text[::-1], ts=ts) for text in texts for ts in (0, 253_402_300_799_999)]
    assert len(record(events)) == len(events)
    assert facts.counts() == dict.fromkeys(texts, 2)
    stored = facts.sql("SELECT video_id, user_id, ts FROM video_events")
    assert {tuple(row) for row in stored} == {(e.video_id, e.user_id, e.ts) for e in events}


VIDEOS = ["a", "b", "c"]
SAME = [event(video_id, "u", ts=NOON + number) for number, video_id in enumerate(VIDEOS)]
OTHERS = [event(video_id, "w", ts=NOON - number) for number, video_id in enumerate(VIDEOS)]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_arrays_of_different_types_do_not_share_cached_sql() -> None:
    with db.engine.connect() as connection:
        for values, item_type in ((["1", "2"], Text()), ([1, 2], BigInteger())):
            assert connection.scalar(select(bindparam("a", values, ArrayText(item_type)))) == values


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_nul_is_refused_and_does_not_shift_other_values(facts: Facts) -> None:
    with pytest.raises(DBAPIError):
        record([event("v1", "u1"), event("a\0b", "u2"), event("v3", "u3")])
    assert (facts.rows(), facts.counts()) == (0, {})


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
# Neither gives up before the other has come as far, however slow the machine is.
@pytest.mark.parametrize(
    "changed_settings", [{"PULSE_DATABASE_TIMEOUT_SECONDS": "40", "PULSE_STALE_AFTER_SECONDS": "60"}]
)
@pytest.mark.parametrize(
    ("one", "other", "held"),
    [
        pytest.param(
            SAME,
            SAME[::-1],
            "INSERT INTO video_events (id, video_id, event, user_id, ts, received_at, created_at) "
            f"VALUES ('{SAME[1].id}', 'b', 'watched_50_percent', 'u', 0, now(), now())",
            id="events",
        ),
        pytest.param(SAME, OTHERS, "UPDATE video_metrics SET updated_at = now() WHERE video_id = 'b'", id="counters"),
    ],
)
def test_overlapping_batches_in_opposite_orders_do_not_deadlock(
    app: Flask, facts: Facts, one: list[Event], other: list[Event], held: str
) -> None:
    def work(batch: list[Event]) -> int:
        with app.app_context():
            return len(record(batch))

    def waiting() -> int:
        return int(facts.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")[0][0])

    record([event(video_id, "first", ts=NOON + 9) for video_id in VIDEOS])
    with ThreadPoolExecutor(2) as pool, db.engine.connect() as connection:
        # Both get as far as the middle one and wait there; unsorted, each would then need what the other has.
        connection.execute(text(held))
        both = [pool.submit(work, batch) for batch in (one, other)]
        wait_until(lambda: waiting() == 2)
        connection.rollback()
        assert sum(future.result() for future in both) == len({e.id for e in one + other})
    assert facts.rows() == sum(facts.counts().values())


def test_a_batch_of_500_events_is_recorded_completely(facts: Facts) -> None:
    events = [event(f"v{number % 50}", f"u{number}") for number in range(500)]
    assert len(record(events)) == 500
    assert facts.counts() == {f"v{number}": 10 for number in range(50)}


def test_an_error_of_the_database_names_no_viewer(facts: Facts) -> None:
    """Celery logs it at each retry, and Flower shows it."""
    facts.sql("DROP TABLE video_events")
    with pytest.raises(DBAPIError) as raised:
        record([event("v1", "ann@example.org")])
    assert "INSERT INTO video_events" in str(raised.value)
    assert "ann@example.org" not in f"{raised.value!r} {raised.value}"
