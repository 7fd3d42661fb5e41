"""The search for words of a title, or the beginning of an id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pulse_analytics.catalogue import search, storage
from pulse_analytics.catalogue.entries import Entry, Listing
from pulse_analytics.catalogue.words import words_of
from pulse_analytics.database import db
from tests.facts import Facts

if TYPE_CHECKING:
    from flask import Flask

    from tests.catalogue.conftest import Catalogue

TITLES = {
    "v1": "Intro to WebRTC",
    "v2": "The intro.mp4 of Ärger",
    "v3": "<b>WebRTC</b> in depth",
    "v4": "=1+1 שלום עולם",
    "intro": None,
}


@pytest.fixture(params=["few", "many"])
def titles(catalogue: Catalogue, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """TITLES, found by the index or, as if they were many, by reading titles."""
    if request.param == "many":
        monkeypatch.setattr(search, "FEW", 0)
    catalogue.put(*({"videoId": video_id, "title": title} for video_id, title in TITLES.items()))
    return catalogue


def test_words_of_a_title_or_the_beginning_of_an_id_find_a_video(titles: Catalogue) -> None:
    for text, ids in {
        "intro": ["intro", "v1", "v2"],
        "int": ["intro", "v1", "v2"],
        "INTRO": ["v1", "v2"],
        "to web": ["v1"],
        "web to": [],
        "webrtc intro": ["v1"],
        "rtc": [],
        "mp4": ["v2"],
        "arger": ["v2"],
        "ärg": ["v2"],
        "<b>": ["v3"],
        "1": ["v4"],
        "שלום": ["v4"],
        "v": ["v1", "v2", "v3", "v4"],
        "!": [],
        "%": [],
        "'": [],
        '"': [],
    }.items():
        assert titles.ids(q=text) == ids, text
        assert titles.ids(q=text, limit=1) == ids, text


def test_the_search_follows_changed_and_deleted_titles(titles: Catalogue) -> None:
    titles.put({"videoId": "v1", "title": "Renamed"}, {"videoId": "v3"})
    assert titles.ids(q="webrtc") == []
    assert titles.ids(q="renamed") == ["v1"]
    titles.ask("DELETE", {"videoIds": ["v1"]})
    assert titles.ids(q="renamed") == []


letters = st.sampled_from(
    ["a", "B", "ä", "ß", "1", " ", "-", "'", '"', "%", "*", "ש", "東", "\u0301", "\U0001f600", "\\"]
)
texts = st.text(letters, max_size=6) | st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)


@settings(max_examples=60)
@given(st.lists(texts, min_size=1, max_size=6), texts)
@example(["x" * 500], "x" * 128)
@example(["\ufdfa" * 500], "\ufdfa")
def test_both_databases_find_what_a_model_finds_with_the_index_and_without(
    app: Flask, titles: list[str], text: str
) -> None:
    few = search.FEW
    found = {str(number) for number, title in enumerate(titles) if _holds(words_of(title), words_of(text))}
    with app.app_context():
        storage.remove([str(number) for number in range(6)])
        storage.replace([Entry(video_id=str(number), title=title or None) for number, title in enumerate(titles)])
        try:
            for search.FEW in (few, 0):
                entries, _ = storage.page(Listing(text=text, after=None, limit=10))
                assert {entry.video_id for entry in entries} == found | _begun(len(titles), text)
        finally:
            search.FEW = few


def _holds(title: list[str], wanted: list[str]) -> bool:
    *whole, last = wanted or ["\0"]
    return set(whole) <= set(title) and any(word.startswith(last) for word in title)


def _begun(count: int, text: str) -> set[str]:
    return {str(number) for number in range(count) if str(number).startswith(text)}


def test_after_a_vacuum_the_search_still_finds_the_right_videos(catalogue: Catalogue, facts: Facts) -> None:
    if facts.postgresql:
        pytest.skip("SQLite's row numbers may change in a VACUUM")
    catalogue.put(*({"videoId": f"v{number}", "title": f"number {number}"} for number in range(9)))
    catalogue.ask("DELETE", {"videoIds": ["v0", "v3"]})
    db.engine.raw_connection().execute("VACUUM")
    catalogue.put({"videoId": "v5", "title": "renamed"})
    assert catalogue.ids(q="number 8") == ["v8"]
    assert catalogue.ids(q="5") == []
    assert catalogue.ids(q="renamed") == ["v5"]
