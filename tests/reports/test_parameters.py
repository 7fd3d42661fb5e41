"""An invalid parameter is named in the answer, with the reason."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.facts import Facts
from tests.reports.conftest import Reader, counted, day, write

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WITH_DAYS = ["/top", "/series", "/videos/v", "/export.csv"]


@pytest.mark.parametrize("path", WITH_DAYS)
@pytest.mark.parametrize("name", ["since", "until"])
def test_an_invalid_day_is_400(reader: Reader, path: str, name: str) -> None:
    assert reader.refused(path, **{name: "2026-01-01\x00"}) == [name]


@pytest.mark.parametrize("path", WITH_DAYS)
@pytest.mark.parametrize("until", ["2026-01-02", "2026-01-01"])
def test_an_empty_range_is_400(reader: Reader, path: str, until: str) -> None:
    assert reader.refused(path, since="2026-01-02", until=until) == ["until"]


def test_every_invalid_field_is_named(reader: Reader) -> None:
    assert sorted(reader.refused("/top", since="x", until="y", limit="z")) == ["limit", "since", "until"]


def test_an_unknown_parameter_is_400(reader: Reader, facts: Facts) -> None:
    rules = [str(rule) for rule in facts.app.url_map.iter_rules() if str(rule).startswith("/admin/analytics/")]
    assert len(rules) >= 5
    for rule in rules:
        path = rule.removeprefix("/admin/analytics").replace("<video_id:video_id>", "v")
        assert reader.refused(path, event="watched_75_percent") == ["event"]
        assert sorted(reader.refused(path, evnt="x", Since=day(0))) == ["Since", "evnt"]


@pytest.mark.parametrize("path", ["/top", "/export.csv"])
@pytest.mark.parametrize("q", ["x" * 129, "a\nb", "\x00", "\x7f"])
def test_a_search_that_no_id_can_begin_with_is_400(reader: Reader, path: str, q: str) -> None:
    assert reader.refused(path, q=q) == ["q"]


def test_an_invalid_cursor_is_400(reader: Reader) -> None:
    assert reader.refused("/top", cursor="ü") == ["cursor"]


@given(st.one_of(st.text(), st.binary().map(lambda raw: urlsafe_b64encode(raw).decode())))
@settings(max_examples=200)
def test_a_broken_cursor_is_400_and_never_500(reader: Reader, cursor: str) -> None:
    assert reader.refused("/top", cursor=cursor.replace("\x00", "")) == ["cursor"]


def test_a_cursor_of_another_query_is_400(reader: Reader, facts: Facts) -> None:
    write(facts, {f"v{n}": {0: n + 1} for n in range(5)})
    queries: list[dict[str, Any]] = [
        {},
        {"q": "v"},
        {"since": day(0)},
        {"until": day(1)},
        {"since": day(0), "until": day(1)},
        {"since": day(0), "until": day(1), "q": "v"},
    ]
    cursors = [reader.get("/top", limit=2, **query)["nextCursor"] for query in queries]
    for query in queries:
        for cursor, its_query in zip(cursors, queries, strict=True):
            if query is its_query:
                assert reader.get("/top", cursor=cursor, **query)["videos"]
            else:
                assert reader.refused("/top", cursor=cursor, **query) == ["cursor"]


def test_a_series_of_ten_years_is_answered_and_a_longer_one_is_400(reader: Reader, facts: Facts) -> None:
    write(facts, {"v": {0: 1, 100: 1}})
    for path, name in (("/series", "days"), ("/videos/v", "daily")):
        assert len(reader.get(path, since=day(0), until=day(3660))[name]) == 3660
        assert reader.refused(path, since=day(0), until=day(3661)) == ["since"]
        assert reader.refused(path, since="1970-01-01") == ["since"]
        assert reader.refused(path, until="9999-12-31") == ["until"]
    write(facts, {"v": {-4000: 5, 0: 1, 100: 1}})
    for path, name in (("/series", "days"), ("/videos/v", "daily")):
        days = reader.get(path)[name]
        assert (len(days), days[-1]) == (3660, {"day": str(day(100)), **counted(1)})
    assert reader.get("/videos/v")["watched50Count"] == 7
    assert reader.get("/top", since="1970-01-01", until="9999-12-31")["total"] == 7
    assert reader.ask("/export.csv", {"since": "1970-01-01", "until": "9999-12-31"}).status_code == 200
