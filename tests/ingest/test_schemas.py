"""The schema and the express lane accept the same reports, and every invalid field is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.errors import FixRequest
from pulse_analytics.events import MAX_TS
from pulse_analytics.ingest import schemas
from pulse_analytics.ingest.express import sound_event
from tests.facts import report

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

ENABLED = frozenset({"watched_50_percent"})

MISSING = object()
BAD_IDS = ["", "x" * 129, "a\0b", "a\nb", "\x7f", "\x9f", "\ud800", 7, 1.5, True, None, ["a"], {"a": 1}]
BAD_TS = [True, False, "1700000000000", 1.5, 1.0, 1e3, float("nan"), float("inf"), -1, 253_402_300_800_000, 10**400]
BAD_TS += [None, [1], {}]
BAD_FIELDS = [
    *(("videoId", value) for value in BAD_IDS),
    *(("userId", value) for value in BAD_IDS),
    *(("ts", value) for value in BAD_TS),
    *(("event", value) for value in ["watched_51_percent", "", None, 5, ["watched_50_percent"], "WATCHED_50_PERCENT"]),
    *((name, MISSING) for name in ("videoId", "userId", "ts", "event")),
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.parse({}, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def app(settings: Settings) -> Flask:
    return create_app(settings)


@given(data=REPORTS)
def test_the_express_lane_and_the_schema_accept_the_same_reports(app: Flask, data: Any) -> None:
    with app.app_context():
        try:
            loaded = schemas.load_report(data, 7)
        except FixRequest:
            loaded = None
    assert sound_event(data, ENABLED, 7) == loaded


@pytest.mark.parametrize("enabled", [frozenset[str](), ENABLED])
def test_only_enabled_event_types_are_accepted(enabled: frozenset[str]) -> None:
    data = {"videoId": "v1", "event": "watched_50_percent", "userId": "u1", "ts": 1}
    assert (sound_event(data, enabled, 7) is not None) == bool(enabled)


@pytest.mark.parametrize(("field", "value"), BAD_FIELDS)
def test_a_bad_field_is_refused_and_named(app: Flask, field: str, value: object) -> None:
    data = {**report(), field: value}
    if value is MISSING:
        del data[field]
    with app.app_context(), pytest.raises(FixRequest) as refusal:
        schemas.load_report(data, 0)
    assert [error.field for error in refusal.value.errors] == [field]
