"""The quick look at a report sees what the schema sees."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.errors import FixRequest
from pulse_analytics.events import MAX_TS
from pulse_analytics.ingest import schemas

if TYPE_CHECKING:
    from flask import Flask

ODD = st.one_of(
    st.none(), st.booleans(), st.floats(), st.just([]), st.just({}), st.sampled_from([-1, 0, 1, MAX_TS, MAX_TS + 1])
)
IDS = st.one_of(ODD, st.text(max_size=4), st.sampled_from(["v" * 128, "v" * 129, "a\x00b", "\ud800", "\U0001f600"]))
FIELDS = {
    "videoId": IDS,
    "event": st.one_of(ODD, st.sampled_from(["watched_50_percent", "watched_90_percent", ""])),
    "userId": IDS,
    "ts": st.one_of(ODD, st.integers(), st.sampled_from(["1", 1.0])),
    "extra": ODD,
}
REPORTS = st.one_of(
    ODD,
    st.fixed_dictionaries({}, optional=FIELDS),
    # Most of it sound, or hardly ever would all of it be.
    st.fixed_dictionaries(FIELDS).map(
        lambda odd: {"videoId": "v1", "event": "watched_50_percent", "userId": "u1", "ts": odd["ts"]}
    ),
    st.fixed_dictionaries(FIELDS).map(
        lambda odd: {"videoId": odd["videoId"], "event": "watched_50_percent", "userId": odd["userId"], "ts": 1}
    ),
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.parse({}, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def app(settings: Settings) -> Flask:
    return create_app(settings)


@given(data=REPORTS)
def test_the_quick_look_finds_sound_exactly_what_the_schema_does(app: Flask, data: Any) -> None:
    with app.app_context():
        try:
            loaded = schemas._load(schemas._report_schema, data)
        except FixRequest:
            loaded = None
        assert schemas._sound(data) == loaded


@pytest.mark.parametrize("events", [(), ("watched_50_percent",)])
def test_only_enabled_events_are_sound(settings: Settings, events: tuple[str, ...]) -> None:
    data = {"videoId": "v1", "event": "watched_50_percent", "userId": "u1", "ts": 1}
    with create_app(replace(settings, events=events)).app_context():
        assert (schemas._sound(data) is not None) == bool(events)
