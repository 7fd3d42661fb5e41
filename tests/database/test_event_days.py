"""SQL gives a raw event the same day as `count_day`, on both databases, to the millisecond."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from pulse_analytics.database import db
from pulse_analytics.database.event_days import day_of
from pulse_analytics.database.models import video_events
from pulse_analytics.events import MAX_TS, count_day, utc_time
from tests.test_events import DAY_MS, NOON, event

WEEK_MS = timedelta(days=7) // timedelta(milliseconds=1)
MINUTES_MS = timedelta(minutes=5) // timedelta(milliseconds=1)
MIDNIGHT = NOON + DAY_MS // 2

times = st.one_of(st.integers(0, MAX_TS), st.integers(NOON - DAY_MS, NOON + DAY_MS), st.sampled_from([0, MAX_TS]))
distances = st.one_of(
    st.integers(-2 * WEEK_MS, 2 * WEEK_MS),
    *(st.integers(border - 2, border + 2) for border in (-WEEK_MS, 0, MINUTES_MS)),
)
BORDERS = [
    (received_at + border + off, received_at)
    for received_at in (NOON, NOON + 1, MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 1, NOON + 999)
    for border in (-WEEK_MS, 0, MINUTES_MS)
    for off in (-1, 0, 1)
] + [(0, 0), (MAX_TS, MAX_TS), (0, MAX_TS), (MAX_TS, 0), (MAX_TS, MAX_TS - MINUTES_MS)]


@st.composite
def clocks(draw: st.DrawFn) -> tuple[int, int]:
    """A player's and the server's clock, often close to midnight or to the limits of trust."""
    received_at = draw(times)
    return draw(st.one_of(st.integers(0, MAX_TS), distances.map(lambda far: min(max(received_at + far, 0), MAX_TS)))), (
        received_at
    )


@pytest.mark.usefixtures("app")
@given(
    pairs=st.lists(clocks(), min_size=1, max_size=40), zone=st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo"])
)
@example(pairs=BORDERS, zone="Pacific/Kiritimati")
@settings(max_examples=60)
def test_the_day_in_sql_equals_that_of_count_day(pairs: list[tuple[int, int]], zone: str) -> None:
    events = [event("v", f"u{number}", ts, received_at) for number, (ts, received_at) in enumerate(pairs)]
    rows = [
        {
            "id": each.id,
            "video_id": each.video_id,
            "event": each.event,
            "user_id": each.user_id,
            "ts": each.ts,
            "received_at": utc_time(each.received_at),
            "created_at": utc_time(each.received_at),
        }
        for each in events
    ]
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL TIME ZONE '{zone}'")
        connection.execute(insert(video_events), rows)
        rows_with_days = connection.execute(select(video_events.c.id, day_of(connection.dialect))).all()
        connection.rollback()
    assert {row[0]: row[1] for row in rows_with_days} == {each.id: count_day(each) for each in events}
