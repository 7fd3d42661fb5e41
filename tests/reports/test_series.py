"""The series of all videos by day, and the report of one video."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from pulse_analytics.ingest.recorder import record
from pulse_analytics.reports import queries
from tests.facts import Facts
from tests.reports.conftest import BEARER, NO_ENTRY, PATH, Reader, counted, day, funnel, write
from tests.test_events import DAY_MS, NOON, event

STRANGE = [
    "a/b",
    "/",
    "//a//",
    "a/",
    "a%2Fb",
    "?q=1#x",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=HYPERLINK(1)",
    "'; DROP TABLE video_metrics; --",
    "\u202eevil\u202c",
    "\u05d0\u05d1",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f600" * 128,
    "x" * 128,
    " ",
    "a,b;c",
    "series",
    "\ufeff",
    "%",
    "+",
]


def rows(days: dict[int, int], since: int, until: int) -> list[dict[str, Any]]:
    return [{"day": str(day(at)), **counted(days.get(at, 0))} for at in range(since, until)]


def path_of(video_id: str) -> str:
    return f"/videos/{quote(video_id, safe='')}"


def test_the_series_sums_all_videos_and_includes_days_with_zero(reader: Reader, facts: Facts) -> None:
    write(facts, {"a": {1: 2, 4: 1}, "b": {1: 3}})
    days = {1: 5, 4: 1}
    its = {"event": "watched_50_percent", "funnel": funnel(6, str(day(1)))}
    assert reader.get("/series") == {"since": None, "until": None, **its, "days": rows(days, 1, 5)}
    asked = reader.get("/series", since=day(0), until=day(7))
    assert asked == {"since": str(day(0)), "until": str(day(7)), **its, "days": rows(days, 0, 7)}
    assert reader.get("/series", since=day(2))["days"] == rows(days, 2, 5)
    assert reader.get("/series", until=day(4))["days"] == rows(days, 1, 4)
    assert reader.get("/series", since=day(9))["days"] == []
    assert reader.get("/series", until=day(0))["days"] == []


def test_before_anything_is_counted_the_series_is_empty(reader: Reader, facts: Facts) -> None:
    assert reader.get("/series")["days"] == []
    assert reader.get("/series", since=day(0))["days"] == []
    assert reader.get("/series", since=day(0), until=day(2))["days"] == rows({}, 0, 2)


def test_an_event_that_the_worker_counted_is_in_every_report(reader: Reader, facts: Facts) -> None:
    record([event("v1", f"u{days}-{n}", ts=NOON - days * DAY_MS) for days in range(3) for n in range(days + 1)])
    record([event("v2")])
    counts = {"2023-11-13": 3, "2023-11-14": 2, "2023-11-15": 2}
    assert {row["day"]: row["watched50Count"] for row in reader.get("/series")["days"]} == counts
    page = reader.get("/top", since="2023-11-14", until="2023-11-16")
    assert page == {
        "since": "2023-11-14",
        "until": "2023-11-16",
        "event": "watched_50_percent",
        "total": 4,
        "totals": {"watched_50_percent": 4},
        "videos": [
            {"rank": 1, "videoId": "v1", **NO_ENTRY, **counted(3), "daily": [2, 1]},
            {"rank": 2, "videoId": "v2", **NO_ENTRY, **counted(1), "daily": [0, 1]},
        ],
        "nextCursor": None,
    }


def test_the_report_of_a_video_has_all_its_counts_its_rank_and_its_days(reader: Reader, facts: Facts) -> None:
    write(facts, {"a": {1: 2, 4: 1}, "b": {1: 3, 9: 5}})
    its: dict[str, Any] = {"videoId": "a", "total": 3, "rank": 2, "firstDay": str(day(1)), "lastDay": str(day(4))}
    its |= {"event": "watched_50_percent", "catalogue": None}
    assert reader.get("/videos/a") == {
        **its,
        "since": None,
        "until": None,
        **counted(3),
        "daily": rows({1: 2, 4: 1}, 1, 5),
        "funnel": funnel(3, str(day(1))),
    }
    asked = reader.get("/videos/a", since=day(2), until=day(6))
    ends = {"since": str(day(2)), "until": str(day(6))}
    funnel_of_one = funnel(1, str(day(1)))
    assert asked == {**its, **ends, **counted(1), "daily": rows({4: 1}, 2, 6), "funnel": funnel_of_one}
    assert reader.get("/videos/a", since=day(7))["daily"] == []
    assert reader.get("/videos/a", since=day(7), until=day(8))["watched50Count"] == 0


@pytest.mark.parametrize("video_id", ["nobody", "x" * 129, "a\nb", "\x00", "a/b/c", "zero"])
def test_a_video_that_nobody_has_watched_is_404(reader: Reader, facts: Facts, video_id: str) -> None:
    write(facts, {"a": {0: 1}, "zero": {0: 0}})
    answer = reader.ask(path_of(video_id))
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_ties_have_different_ranks_and_beyond_the_limit_the_rank_is_null(
    reader: Reader, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(facts, {video: {0: count} for video, count in {"a": 5, "B": 5, "c": 5, "d": 9, "e": 1}.items()})
    ranks = [reader.get(f"/videos/{video}")["rank"] for video in ("d", "B", "a", "c", "e")]
    assert ranks == [1, 2, 3, 4, 5]
    for limit in range(1, 6):
        monkeypatch.setattr(queries, "RANK_LIMIT", limit)
        shown = [reader.get(f"/videos/{video}")["rank"] for video in ("d", "B", "a", "c", "e")]
        assert shown == [rank if rank <= limit else None for rank in ranks]


def test_any_id_can_be_requested_and_searched(reader: Reader, facts: Facts) -> None:
    write(facts, {video_id: {0: 1, 1: number} for number, video_id in enumerate(STRANGE)})
    for number, video_id in enumerate(STRANGE):
        found = reader.get(path_of(video_id))
        assert (found["videoId"], found["total"]) == (video_id, number + 1)
        for ends in ({}, {"since": day(0), "until": day(2)}):
            listed = reader.get("/top", q=video_id, **ends)["videos"]
            assert video_id in [video["videoId"] for video in listed]
    assert {video["videoId"] for video in reader.all_pages(limit=3, since=day(0))} == set(STRANGE)


def test_slashes_need_not_be_encoded(reader: Reader, facts: Facts) -> None:
    write(facts, {"a//b/": {0: 1}})
    assert reader.get("/videos/a//b/")["videoId"] == "a//b/"


@pytest.mark.parametrize("path", ["/top", "/series", "/videos/v", "/videos//", "/live", "/export.csv"])
def test_every_report_needs_the_admin_token(reader: Reader, path: str) -> None:
    assert reader.client.get(f"{PATH}{path}").status_code == 401
    assert reader.client.get(f"{PATH}{path}", headers={**BEARER, "Authorization": "Bearer no"}).status_code == 401
