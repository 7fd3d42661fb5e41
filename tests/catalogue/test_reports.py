"""The reports with a catalogue: titles, the search for their words, tags."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from pulse_analytics.catalogue import storage
from pulse_analytics.catalogue.entries import Entry
from pulse_analytics.catalogue.words import words_of
from pulse_analytics.database import db
from pulse_analytics.reports import search
from tests.reports.conftest import FIRST, Reader, day, write

if TYPE_CHECKING:
    from flask import Flask

    from tests.catalogue.conftest import Catalogue
    from tests.facts import Facts

HISTORY = {"v1": {0: 5, 1: 1}, "v2": {0: 3}, "v3": {1: 4}, "intro": {2: 2}, "bare": {2: 1}}
ENTRIES: list[dict[str, Any]] = [
    {"videoId": "v1", "title": "Intro to <b>WebRTC</b>", "pageUrl": "https://x.example/1", "tags": ["sea", "web"]},
    {"videoId": "v2", "title": "=Web tides", "durationSeconds": 9.5, "tags": ["sea"]},
    {"videoId": "v3", "tags": ["web"]},
    {"videoId": "intro", "title": "שלום"},
    {"videoId": "unwatched", "title": "Intro", "tags": ["sea"]},
]
RANGE = {"since": FIRST, "until": day(3)}
MANY = 0


@pytest.fixture(autouse=True)
def history(facts: Facts) -> None:
    write(facts, HISTORY)


@pytest.fixture
def named(catalogue: Catalogue) -> Catalogue:
    """The catalogue with ENTRIES."""
    catalogue.put(*ENTRIES)
    return catalogue


@pytest.mark.usefixtures("named")
def test_the_ranking_shows_titles_and_pages(reader: Reader) -> None:
    for asked in ({}, RANGE):
        shown = {
            video["videoId"]: (video["title"], video["pageUrl"]) for video in reader.get("/top", **asked)["videos"]
        }
        assert shown == {
            "v1": ("Intro to <b>WebRTC</b>", "https://x.example/1"),
            "v2": ("=Web tides", None),
            "v3": (None, None),
            "intro": ("שלום", None),
            "bare": (None, None),
        }


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("few", [search.FEW, MANY], ids=["few", "many"])
def test_q_finds_words_of_titles_and_beginnings_of_ids_and_tag_filters(
    reader: Reader, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    for (text, tag), ids in {
        ("intro", None): ["v1", "intro"],
        ("INTRO web", None): ["v1"],
        ("web", None): ["v1", "v2"],
        ("שלו", None): ["intro"],
        ("v", None): ["v1", "v3", "v2"],
        ("webrtc", "sea"): ["v1"],
        ("web", "sea"): ["v1", "v2"],
        ("v", "web"): ["v1", "v3"],
        (None, "sea"): ["v1", "v2"],
        (None, "web"): ["v1", "v3"],
        (None, "Sea"): [],
        ("none", None): [],
        ("!", None): [],
    }.items():
        for asked in ({}, RANGE):
            for limit in (1, 50):
                found = reader.all_pages(**asked, q=text, tag=tag, limit=limit)
                assert [video["videoId"] for video in found] == ids, (text, tag, asked)
                assert [video["rank"] for video in found] == list(range(1, len(ids) + 1))
        lines = list(csv.reader(io.StringIO(reader.ask("/export.csv", {"q": text, "tag": tag}).text)))
        assert [line[0] for line in lines[1:]] == sorted(ids)


@pytest.mark.usefixtures("named")
def test_a_cursor_of_another_tag_is_400(reader: Reader) -> None:
    cursor = reader.get("/top", tag="sea", limit=1)["nextCursor"]
    assert reader.refused("/top", tag="web", limit=1, cursor=cursor) == ["cursor"]
    assert reader.refused("/top", limit=1, cursor=cursor) == ["cursor"]
    assert reader.refused("/top", tag="x" * 65) == ["tag"]


@pytest.mark.usefixtures("named")
def test_the_report_of_a_video_has_its_entry(reader: Reader) -> None:
    assert reader.get("/videos/v2")["catalogue"] == {
        "title": "=Web tides",
        "pageUrl": None,
        "durationSeconds": 9.5,
        "posterUrl": None,
        "tags": ["sea"],
    }
    assert reader.get("/videos/bare")["catalogue"] is None


@pytest.mark.usefixtures("named")
def test_the_csv_has_titles_in_its_last_column_that_no_spreadsheet_runs(reader: Reader) -> None:
    for asked in ({}, RANGE):
        lines = reader.ask("/export.csv", asked).text.splitlines()
        assert lines == [
            "video_id,watched_50_count,title",
            '"bare",1,""',
            '"intro",2,"שלום"',
            '"v1",6,"Intro to <b>WebRTC</b>"',
            '"v2",3,"\'=Web tides"',
            '"v3",4,""',
        ]


def test_without_a_catalogue_answers_have_no_title_and_only_ids_are_found(reader: Reader) -> None:
    assert [video["videoId"] for video in reader.get("/top", q="int")["videos"]] == ["intro"]
    assert reader.get("/top", tag="sea")["videos"] == []
    assert reader.get("/top")["videos"][0]["title"] is None
    assert reader.get("/videos/v1")["catalogue"] is None
    assert reader.ask("/export.csv").text.startswith("video_id,watched_50_count\r\n")


@pytest.mark.parametrize(
    ("path", "asked"),
    [("/top", {}), ("/top", RANGE), ("/top", {"q": "v"}), ("/videos/v1", {}), ("/export.csv", {})],
    ids=str,
)
def test_an_empty_catalogue_costs_a_report_one_look_and_a_search_two(
    reader: Reader, path: str, asked: dict[str, Any]
) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    assert reader.ask(path, asked).status_code == 200
    event.remove(db.engine, "before_cursor_execute", note)
    looks = [statement for statement in statements if "catalogue" in statement or "title_search" in statement]
    assert len(looks) == (2 if "q" in asked else 1)
    assert not any("video_tags" in statement or "title_search" in statement for statement in statements)


VIDEOS = ["v1", "v2", "w", "intro"]
words = st.sampled_from(["intro", "Web", "v", "tides"])


@settings(max_examples=20)
@given(
    st.dictionaries(st.sampled_from(VIDEOS), st.lists(words, max_size=3), min_size=1),
    st.lists(words, max_size=2).map(" ".join),
    st.sampled_from(["", "a"]),
)
@example({"v1": ["Web"], "w": ["v"]}, "v", "a")
def test_a_search_finds_what_a_model_finds(
    app: Flask, facts: Facts, titles: dict[str, list[str]], text: str, tag: str
) -> None:
    write(facts, {video_id: {0: number + 1} for number, video_id in enumerate(VIDEOS)})
    storage.remove(VIDEOS)
    storage.replace(
        [
            Entry(video_id=each, title=" ".join(title) or None, tags=("a",) * (len(title) % 2))
            for each, title in titles.items()
        ]
    )
    expected = {
        each
        for each in VIDEOS
        if (each.startswith(text) or _holds(titles.get(each, []), text)) and (not tag or len(titles.get(each, [])) % 2)
    }
    few = search.FEW
    try:
        for search.FEW in (few, 1, MANY):
            for asked in ({}, RANGE):
                videos = Reader(app.test_client()).all_pages(**asked, q=text, tag=tag, limit=1)
                assert {video["videoId"] for video in videos} == expected
    finally:
        search.FEW = few


def _holds(title: list[str], text: str) -> bool:
    *whole, last = words_of(text) or [""]
    have = words_of(" ".join(title))
    return set(whole) <= set(have) and any(word.startswith(last) for word in have)
