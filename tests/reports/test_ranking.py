"""The ranking of any range equals the naive sum of every video, for any distribution of counts, on one page or many."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_analytics.reports import search, threshold, walk
from tests.facts import Facts
from tests.reports.conftest import History, Reader, day, write

DAYS = 8
IDS = st.sampled_from(["a", "ab", "abc", "B", "ä", "b/", "=1", "\U0001f600", "퟿", "\ue000", "z" * 128, "zz", "%", "_"])
COUNTS = {
    "skewed": st.integers(0, 6).map(lambda n: 10**n),
    "uniform": st.integers(90, 110),
    "tied": st.just(7),
    "small": st.integers(0, 3),
}
HISTORIES = st.sampled_from(sorted(COUNTS)).flatmap(
    lambda kind: st.dictionaries(
        IDS, st.dictionaries(st.integers(0, DAYS - 1), COUNTS[kind], min_size=1), min_size=0, max_size=14
    )
)
ENDS = st.one_of(st.none(), st.integers(0, DAYS))


def added_up(history: History, since: int | None, until: int | None, prefix: str) -> list[tuple[str, int]]:
    """The ranking, the naive way."""
    first, last = since or 0, DAYS if until is None else until
    sums = {video: sum(n for at, n in days.items() if first <= at < last) for video, days in history.items()}
    found = ((video, total) for video, total in sums.items() if total and video.startswith(prefix))
    return sorted(found, key=lambda item: (-item[1], item[0]))


def told(videos: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(video["videoId"], video["watched50Count"]) for video in videos]


@pytest.fixture(params=["as it is", "all added up", "many rounds", "few rounds", "some are few", "walks"])
def bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real bounds, and bounds so low that every algorithm of the ranking runs."""
    changes: dict[str, list[tuple[Any, str, Any]]] = {
        "as it is": [],
        "all added up": [(threshold, "MOST_ROWS", 3)],
        "many rounds": [(threshold, "DEPTH", 0), (search, "FEW", 0), (walk, "MOST_VIDEOS", 0)],
        "few rounds": [(threshold, "DEPTH", 1), (threshold, "_CHUNK", 3)],
        "some are few": [(search, "FEW", 2)],
        "walks": [(search, "FEW", 0), (walk, "DEPTH", 1), (walk, "MOST_VIDEOS", 8)],
    }
    for module, name, value in changes[request.param]:
        monkeypatch.setattr(module, name, value)


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("bounds")
def test_any_range_page_and_search_equals_the_naive_sum(reader: Reader, facts: Facts) -> None:
    @settings(max_examples=15)
    @given(HISTORIES, st.lists(st.tuples(ENDS, ENDS, st.integers(1, 5), st.sampled_from(["", "a", "ab", "z", "x"]))))
    def check(history: History, questions: list[tuple[int | None, int | None, int, str]]) -> None:
        write(facts, history)
        for since, until, limit, prefix in questions:
            if since is not None and until is not None and since >= until:
                continue
            ends = {"since": None if since is None else day(since), "until": None if until is None else day(until)}
            expected = added_up(history, since, until, prefix)
            videos = reader.all_pages(**ends, limit=limit, q=prefix)
            assert told(videos) == expected
            assert [video["rank"] for video in videos] == list(range(1, len(expected) + 1))
            total = sum(count for _, count in added_up(history, since, until, ""))
            assert reader.get("/top", **ends, q=prefix)["total"] == total

    check()


def test_a_video_at_the_bar_on_every_day_is_ranked_among_its_ties(
    reader: Reader, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threshold, "DEPTH", 1)
    # The bars of the first page are 5 and 5: `a` is above neither, and its count equals that of the last place.
    history = {"x": {0: 10, 1: 10}, "v": {0: 6, 1: 4}, "y": {0: 6, 1: 4}, "p": {1: 6}, "q": {1: 6}, "a": {0: 5, 1: 5}}
    write(facts, history)
    page = reader.get("/top", since=day(0), until=day(2), limit=2)
    assert [video["videoId"] for video in page["videos"]] == ["x", "a"]


def test_videos_that_may_be_before_the_page_do_not_push_others_off_it(
    reader: Reader, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threshold, "DEPTH", 1)
    # The bars of the second page are 5, 5 and 5: of `s` and `t`, which rank before it, only the 17 is above a bar.
    history = {"top": {1: 100, 2: 100}, "s": {0: 17, 1: 5, 2: 5}, "t": {0: 17, 1: 5, 2: 5}, "a": {0: 6, 1: 5, 2: 5}}
    write(facts, {**history, "m": {0: 16}, "n": {0: 16}, **{f"f{n}": dict.fromkeys(range(3), 5) for n in range(3)}})
    ends = {"since": day(0), "until": day(3)}
    page = reader.get("/top", **ends, limit=3)
    assert [video["videoId"] for video in page["videos"]] == ["top", "s", "t"]
    page = reader.get("/top", **ends, limit=1, cursor=page["nextCursor"])
    assert [video["videoId"] for video in page["videos"]] == ["a"]


def test_a_walk_goes_on_while_the_next_video_could_tie_with_the_last_place(
    reader: Reader, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FEW", 0)
    monkeypatch.setattr(walk, "DEPTH", 1)
    # The first three are read, then the next three, which have 7 of all time, as many as `vy` and `vz` have on the day.
    history = {"vp": {0: 20}, "vz": {0: 7, 1: 3}, "vy": {0: 7, 1: 2}, "vc": {0: 7}}
    write(facts, {**history, **{video: {1: 7} for video in ("va", "vaa", "vb")}})
    page = reader.get("/top", since=day(0), until=day(1), limit=2, q="v")
    assert [video["videoId"] for video in page["videos"]] == ["vp", "vc"]


@pytest.mark.parametrize("exponent", [1.2, 0.5, 0.0])
def test_a_long_ranking_is_read_page_by_page(reader: Reader, facts: Facts, exponent: float) -> None:
    history = {
        f"v{n % 7}-{n}": {at: max(1, int(1000 / (n + 1) ** exponent)) + (n * at) % 5 for at in range(n % 3, DAYS)}
        for n in range(300)
    }
    write(facts, history)
    for since, until in [(0, DAYS), (2, 5), (3, 4)]:
        videos = reader.all_pages(since=day(since), until=day(until), limit=40)
        assert told(videos) == added_up(history, since, until, "")
        for video in videos[:50]:
            counts = history[video["videoId"]]
            assert video["daily"] == [counts.get(at, 0) for at in range(since, until)]


def test_the_search_matches_prefixes_and_is_case_sensitive(reader: Reader, facts: Facts) -> None:
    write(facts, {video: {0: 1} for video in ("intro", "Intro", "my intro", "in%ro", "in_ro", "int", "in\U0010ffff")})
    found = {q: [video["videoId"] for video in reader.get("/top", q=q)["videos"]] for q in ("in", "int", "in%", "IN")}
    assert found == {
        "in": ["in%ro", "in_ro", "int", "intro", "in\U0010ffff"],
        "int": ["int", "intro"],
        "in%": ["in%ro"],
        "IN": [],
    }
    assert [v["videoId"] for v in reader.get("/top", q="in\U0010ffff")["videos"]] == ["in\U0010ffff"]
    assert len(reader.get("/top", q="")["videos"]) == 7


def test_the_highest_code_points_can_be_searched_for(reader: Reader, facts: Facts) -> None:
    write(facts, {"\U0010ffff": {0: 2}, "\U0010ffffa": {0: 1}, "a": {0: 1}, "\ud7ffa": {0: 1}, "\ue000": {0: 1}})
    assert [video["videoId"] for video in reader.get("/top", q="\ud7ff")["videos"]] == ["\ud7ffa"]
    assert len(reader.get("/top", q="\U0010ffff")["videos"]) == 2
    assert len(reader.get("/top", q="\U0010ffff", since=day(0))["videos"]) == 2


def test_while_counts_rise_no_unchanged_video_is_skipped(reader: Reader, facts: Facts) -> None:
    history: History = {f"v{n:02}": {0: 100 - n} for n in range(60)}
    write(facts, history)
    seen = []
    page = reader.get("/top", since=day(0), until=day(1), limit=10)
    for risen in range(50, 40, -1):
        seen += [video["videoId"] for video in page["videos"]]
        if page["nextCursor"] is None:
            break
        facts.sql("UPDATE video_metrics_daily SET watched_50_count = 1000 WHERE video_id = :id", id=f"v{risen}")
        page = reader.get("/top", since=day(0), until=day(1), limit=10, cursor=page["nextCursor"])
    assert set(history) - set(seen) <= {f"v{risen}" for risen in range(41, 51)}
    assert len(seen) == len(set(seen))


def test_a_cursor_may_be_used_with_another_limit(reader: Reader, facts: Facts) -> None:
    write(facts, {f"v{n}": {0: 9 - n} for n in range(9)})
    cursor = reader.get("/top", limit=2)["nextCursor"]
    page = reader.get("/top", limit=5, cursor=cursor)
    assert [(video["rank"], video["videoId"]) for video in page["videos"]] == [(n + 1, f"v{n}") for n in range(2, 7)]


def test_counts_by_day_are_included_only_for_a_closed_range_of_at_most_92_days(reader: Reader, facts: Facts) -> None:
    write(facts, {"v": {0: 1, 2: 3}})
    assert reader.get("/top", since=day(0), until=day(4))["videos"][0]["daily"] == [1, 0, 3, 0]
    assert len(reader.get("/top", since=day(0), until=day(92))["videos"][0]["daily"]) == 92
    for ends in ({"since": day(0), "until": day(93)}, {"since": day(0)}, {"until": day(9)}, {}):
        assert "daily" not in reader.get("/top", **ends)["videos"][0]


def test_rows_with_a_count_of_zero_are_ignored(reader: Reader, facts: Facts) -> None:
    write(facts, {"v": {0: 1}, "zero": {0: 0}})
    for ends in ({}, {"since": day(0)}, {"since": day(0), "q": "z"}):
        assert [v["videoId"] for v in reader.get("/top", **ends)["videos"]] == ([] if "q" in ends else ["v"])


def test_counts_beyond_32_bits_are_ranked(reader: Reader, facts: Facts) -> None:
    history = {f"v{n}": {at: 2**52 - n * at for at in range(DAYS)} for n in range(5)}
    write(facts, history)
    assert told(reader.all_pages(since=day(0), until=day(DAYS), limit=2)) == added_up(history, 0, DAYS, "")


def test_an_index_serves_each_day_of_a_range(facts: Facts) -> None:
    write(facts, {f"v{n}": dict.fromkeys(range(2), n + 1) for n in range(20)})
    query = (
        f"SELECT video_id FROM video_metrics_daily WHERE day = '{day(0)}' AND watched_50_count > 5 "
        "ORDER BY watched_50_count DESC, video_id LIMIT 3"
    )
    if facts.postgresql:
        facts.sql(
            "INSERT INTO video_metrics_daily (video_id, day, watched_50_count) "
            "SELECT 'w' || n, DATE '2026-01-01' + n % 50, n FROM generate_series(1, 20000) AS n"
        )
        facts.sql("ANALYZE video_metrics_daily")
    plan = str(facts.sql(f"{'EXPLAIN' if facts.postgresql else 'EXPLAIN QUERY PLAN'} {query}"))
    assert "ix_video_metrics_daily_ranking" in plan
    assert "sort" not in plan.lower()
    assert "TEMP B-TREE" not in plan
