"""Ids, keys and days."""

from __future__ import annotations

import re
import uuid
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pulse_analytics.events import (
    DEFAULT_EVENT,
    EVENT_TYPES,
    MAX_TS,
    Event,
    count_day,
    dedupe_key,
    event_id,
    is_event_id,
    is_id,
    read_dedupe_key,
    ts_of,
)

DAY_MS = 86_400_000
NOON = 1_700_049_600_000 - 1_700_049_600_000 % DAY_MS + DAY_MS // 2
"""Noon of 2023-11-15 in UTC."""

ids = st.text(min_size=1, max_size=128).filter(is_id)
times = st.integers(0, MAX_TS)


def event(
    video_id: str = "v", user_id: str = "u", ts: int = NOON, received_at: int = NOON, name: str = DEFAULT_EVENT
) -> Event:
    return Event(
        id=event_id(video_id, name, user_id, ts),
        video_id=video_id,
        event=name,
        user_id=user_id,
        ts=ts,
        received_at=received_at,
    )


@given(ids, ids, times)
def test_an_event_id_is_a_version_8_uuid_that_begins_with_ts(video_id: str, user_id: str, ts: int) -> None:
    text = event_id(video_id, "watched_50_percent", user_id, ts)
    value = uuid.UUID(text)
    assert (str(value), value.version, value.variant) == (text, 8, uuid.RFC_4122)
    assert value.int >> 80 == ts
    assert is_event_id(text)
    assert text == event_id(video_id, "watched_50_percent", user_id, ts)


@given(ids, ids, ids, ids, times, times)
def test_different_reports_have_different_ids(a: str, b: str, c: str, d: str, ts: int, other: int) -> None:
    assume((a, b, ts) != (c, d, other))
    assert event_id(a, "watched_50_percent", b, ts) != event_id(c, "watched_50_percent", d, other)


def test_an_event_id_is_the_same_in_every_version() -> None:
    # A constant: a retry must get the same id as the row that an older version stored.
    assert event_id("v1", "watched_50_percent", "u1", 1_700_000_000_000) == "018bcfe5-6800-89d4-b2de-0bdb4467b11e"


@given(ids, ids, ids, ids)
def test_different_viewers_and_videos_have_different_dedupe_keys(a: str, b: str, c: str, d: str) -> None:
    assume((a, b) != (c, d))
    assert dedupe_key(event(a, b)) != dedupe_key(event(c, d))


@pytest.mark.parametrize(
    ("video_id", "user_id", "key"),
    [
        ("v1", "u1", "dedupe:video:v1:user:u1:watched50"),
        ("a:user:b", "c", "dedupe:video:a%3Auser%3Ab:user:c:watched50"),
        ("50%", "ü/ ", "dedupe:video:50%25:user:ü/ :watched50"),
    ],
)
def test_dedupe_keys_have_the_documented_form(video_id: str, user_id: str, key: str) -> None:
    assert dedupe_key(event(video_id, user_id)) == key


@pytest.mark.parametrize(
    ("ts", "day"),
    [
        (NOON, date(2023, 11, 15)),
        (NOON - 7 * DAY_MS, date(2023, 11, 8)),
        (NOON - 7 * DAY_MS - 1, date(2023, 11, 15)),
        (NOON + 300_000, date(2023, 11, 15)),
        (NOON + 300_001, date(2023, 11, 15)),
        (0, date(2023, 11, 15)),
        (MAX_TS, date(2023, 11, 15)),
    ],
)
def test_a_trusted_ts_decides_the_day(ts: int, day: date) -> None:
    assert count_day(event(ts=ts, received_at=NOON)) == day


def test_a_ts_up_to_five_minutes_ahead_counts_for_the_next_day() -> None:
    midnight = NOON + DAY_MS // 2
    assert count_day(event(ts=midnight + 240_000, received_at=midnight - 60_000)) == date(2023, 11, 16)
    assert count_day(event(ts=midnight + 240_001, received_at=midnight - 60_000)) == date(2023, 11, 15)


def test_the_last_millisecond_of_a_day_belongs_to_that_day() -> None:
    midnight = NOON + DAY_MS // 2
    assert count_day(event(ts=midnight - 1, received_at=midnight)) == date(2023, 11, 15)


def test_the_player_has_the_same_milestones_with_the_same_shares_in_the_same_order() -> None:
    lib = Path(__file__).resolve().parents[1] / "frontend" / "player" / "lib"
    source = (lib / "milestone.ts").read_text()
    table = re.findall(r"^  (\w+): ([\d.]+),$", source, re.MULTILINE)
    assert [(name, float(share)) for name, share in table] == [(kind.name, kind.share) for kind in EVENT_TYPES.values()]
    assert re.findall(r"milestones \?\? \['(\w+)'\]", (lib / "checked.ts").read_text()) == [DEFAULT_EVENT]
    others = [file.name for file in lib.glob("*.ts") if any(name in file.read_text() for name in EVENT_TYPES)]
    # checked.ts has the default, and track-video.ts names it in its docs.
    assert sorted(others) == ["checked.ts", "milestone.ts", "track-video.ts"]


@given(ids, ids, ids, times, st.sampled_from(sorted(EVENT_TYPES)))
@example("%3A:", "%253A:%", ":", 0, DEFAULT_EVENT)
def test_a_dedupe_key_and_an_event_id_can_be_read_again(a: str, b: str, c: str, ts: int, name: str) -> None:
    made = event(a, b, ts, name=name)
    parts = read_dedupe_key(dedupe_key(made))
    assert parts is not None
    assert (parts.video_id, parts.user_id, parts.suffix) == (a, b, made.type.dedupe_suffix)
    assert parts.key_of(c) == dedupe_key(event(a, c, name=name)) == dedupe_key(made, c)
    assert ts_of(made.id) == ts


@pytest.mark.parametrize(
    "key", ["dedupe:probe", "dedupe:video:v", "dedupe:video:v:user:u", "dedupe:video:v:u:u:watched50"]
)
def test_a_key_of_another_shape_is_no_dedupe_key(key: str) -> None:
    assert read_dedupe_key(key) is None
