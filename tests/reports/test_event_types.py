"""Reports of several event types: any of them ranks, and each count is that of its own type."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.event import listen as listen_for
from sqlalchemy.event import remove as stop_listening

from pulse_analytics.database import db
from pulse_analytics.events import COUNT_COLUMNS, DEFAULT_EVENT, EVENT_TYPES
from pulse_analytics.reports import search, threshold
from pulse_analytics.reports.days import Days
from pulse_analytics.reports.paging import Place, write_cursor
from tests.facts import Facts
from tests.reports.conftest import History, Reader, day, write, write_all
from tests.reports.test_ranking import DAYS, added_up

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = tuple(EVENT_TYPES)
RANGES: list[tuple[int | None, int | None]] = [(None, None), (2, 6)]
WITH_EVENT = ["/top", "/series", "/videos/v", "/export.csv"]
ENABLED = [ALL, ("video_started",), ("video_started", "watched_75_percent"), (DEFAULT_EVENT, "watched_95_percent")]
HISTORIES = st.fixed_dictionaries(
    dict.fromkeys(
        ALL,
        st.dictionaries(
            st.sampled_from(["a", "ab", "B", "ä", "zz"]),
            st.dictionaries(st.integers(0, DAYS - 1), st.sampled_from([1, 7, 7, 1000]), min_size=2),
            min_size=2,
        ),
    )
)
FEW = {video: {n % 3: n + 1 for n in range(number + 2)} for number, video in enumerate(["v", "w", "x"])}


@pytest.fixture
def changed_settings(changed_settings: dict[str, str]) -> dict[str, str]:
    """All event types are enabled."""
    return {**changed_settings, "PULSE_EVENTS": "all"}


def enable(facts: Facts, *events: str) -> None:
    """Change PULSE_EVENTS of the running application."""
    dataclasses.replace(facts.app.extensions["pulse_settings"], events=events).install(facts.app)


@pytest.fixture(params=["as it is", "many rounds", "all added up"])
def _bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real bounds of the ranking's algorithms, and bounds so low that each of them runs."""
    if request.param != "as it is":
        monkeypatch.setattr(search, "FEW", 0)
        monkeypatch.setattr(threshold, *{"many rounds": ("DEPTH", 0), "all added up": ("MOST_ROWS", 3)}[request.param])


@pytest.mark.usefixtures("_bounds")
def test_every_report_of_every_event_type_equals_the_naive_sums(reader: Reader, facts: Facts) -> None:
    # Each example writes a history: to shrink a failing one would take minutes.
    @settings(max_examples=4, phases=[Phase.generate])
    @given(HISTORIES, st.sampled_from(ENABLED), st.sampled_from(["", "a"]))
    def check(histories: dict[str, History], enabled: tuple[str, ...], prefix: str) -> None:
        write_all(facts, histories)
        enable(facts, *enabled)
        for ends in RANGES:
            asked = {name: None if n is None else day(n) for name, n in zip(("since", "until"), ends, strict=True)}
            sums = {event: dict(added_up(histories[event], *ends, "")) for event in ALL}
            for event in enabled:
                _check_ranking(reader, histories[event], sums, enabled, event, {**asked, "q": prefix}, ends)
                _check_videos(reader, sums, enabled, event, asked)
            _check_file(reader, sums, enabled, asked)

    check()


def _check_ranking(
    reader: Reader,
    history: History,
    sums: dict[str, dict[str, int]],
    enabled: tuple[str, ...],
    event: str,
    asked: dict[str, Any],
    ends: tuple[int | None, int | None],
) -> None:
    totals = {each: sum(sums[each].values()) for each in enabled}
    page = reader.get("/top", **asked, event=event, limit=2)
    assert (page["event"], page["total"], page["totals"]) == (event, totals[event], totals)
    videos = reader.all_pages(**asked, event=event, limit=2)
    ranked = [(video["videoId"], video["counts"][event]) for video in videos]
    assert ranked == added_up(history, *ends, asked["q"])
    for video in videos:
        assert (video["watched50Count"], video["counts"]) == _counts(sums, enabled, video["videoId"])
        assert sum(video.get("daily", [video["counts"][event]])) == video["counts"][event]


def _check_videos(
    reader: Reader, sums: dict[str, dict[str, int]], enabled: tuple[str, ...], event: str, asked: dict[str, Any]
) -> None:
    series = reader.get("/series", **asked, event=event)
    assert _added_up(series["days"], enabled) == {each: sum(sums[each].values()) for each in enabled}
    for video_id in ("a", "zz"):
        answer = reader.ask(f"/videos/{video_id}", {**asked, "event": event})
        if answer.status_code == 404:
            assert not any(sums[each].get(video_id) for each in enabled)
            continue
        video = answer.get_json()
        assert (video["watched50Count"], video["counts"]) == _counts(sums, enabled, video_id)
        assert _added_up(video["daily"], enabled) == video["counts"]
        assert {each["event"]: each["count"] for each in video["funnel"]["milestones"]} == video["counts"]


def _check_file(
    reader: Reader, sums: dict[str, dict[str, int]], enabled: tuple[str, ...], asked: dict[str, Any]
) -> None:
    [header, *rows] = csv.reader(io.StringIO(reader.ask("/export.csv", asked).get_data(as_text=True), newline=""))
    assert header == ["video_id", *(EVENT_TYPES[event].count_column for event in enabled)]
    videos = sorted({video for event in enabled for video in sums[event]})
    assert rows == [[video, *(str(sums[event].get(video, 0)) for event in enabled)] for video in videos]


def _counts(sums: dict[str, dict[str, int]], enabled: tuple[str, ...], video_id: str) -> tuple[int, dict[str, int]]:
    return sums[DEFAULT_EVENT].get(video_id, 0), {event: sums[event].get(video_id, 0) for event in enabled}


def _added_up(days: list[dict[str, Any]], enabled: tuple[str, ...]) -> dict[str, int]:
    return {event: sum(day["counts"][event] for day in days) for event in enabled}


def test_the_report_of_a_video_is_of_the_event_type_that_was_asked_for(reader: Reader, facts: Facts) -> None:
    write_all(facts, {"video_started": {"v": {1: 4, 3: 2}, "w": {0: 9}}, DEFAULT_EVENT: {"v": {2: 1}}})
    its = {name: reader.get("/videos/v", event=name) for name in ALL}
    shown = ("event", "watched50Count", "total", "rank", "firstDay", "lastDay")
    assert [its["video_started"][name] for name in shown] == ["video_started", 1, 6, 2, str(day(1)), str(day(3))]
    assert [its[DEFAULT_EVENT][name] for name in shown] == [DEFAULT_EVENT, 1, 1, 1, str(day(2)), str(day(2))]
    assert [its["watched_95_percent"][name] for name in shown] == ["watched_95_percent", 1, 0, None, None, None]
    for video in its.values():
        assert [row["day"] for row in video["daily"]] == [str(day(n)) for n in (1, 2, 3)]
    assert reader.get("/videos/v") == its[DEFAULT_EVENT]


def test_the_file_has_a_column_for_each_enabled_event_type_and_every_video_with_any(
    reader: Reader, facts: Facts
) -> None:
    write_all(facts, {"video_started": {"v": {1: 4, 3: 2}}, DEFAULT_EVENT: {"w": {2: 5}}, ALL[-1]: {"x": {2: 1}}})
    enable(facts, "video_started", DEFAULT_EVENT)
    for asked in ({}, {"event": "video_started"}, {"since": day(0)}):
        text = reader.ask("/export.csv", asked).get_data(as_text=True)
        assert text == 'video_id,started_count,watched_50_count\r\n"v",6,0\r\n"w",0,5\r\n'
    enable(facts, DEFAULT_EVENT)
    assert reader.ask("/export.csv").get_data(as_text=True) == 'video_id,watched_50_count\r\n"w",5\r\n'


def test_the_funnel_of_a_video_and_of_the_site_is_that_of_the_range(reader: Reader, facts: Facts) -> None:
    write_all(
        facts,
        {
            name: {"v": {0: 50 - 10 * number, 2: 20 - 4 * number}, "w": {2: 5 - number}}
            for number, name in enumerate(ALL)
        },
    )
    for path, counts in [("/videos/v", [20, 16, 12, 8, 4]), ("/series", [25, 20, 15, 10, 5])]:
        funnel = reader.get(path, since=day(1), until=day(3))["funnel"]
        milestones = funnel["milestones"]
        assert [(each["event"], each["count"]) for each in milestones] == list(zip(ALL, counts, strict=True))
        assert [each["shareOfFirst"] for each in milestones] == [1, 0.8, 0.6, 0.4, 0.2]
        assert {each["recordedSince"] for each in milestones} == {str(day(0))}
        assert 0.5 < funnel["estimatedShareWatched"] < 0.6


def test_a_milestone_that_was_enabled_later_is_not_compared(reader: Reader, facts: Facts) -> None:
    write_all(facts, {"video_started": {"v": {3: 9}, "w": {3: 9}}, DEFAULT_EVENT: {"v": {0: 5, 3: 3}, "w": {4: 3}}})

    def reasons(path: str, **ends: object) -> list[str | None]:
        return [each["reason"] for each in reader.get(path, **ends)["funnel"]["milestones"][::2]]

    never = "notRecorded"
    for path in ("/series", "/videos/v"):
        assert reasons(path) == ["recordedLater", None, never]
        assert reasons(path, until=day(3)) == [never, None, never]
        assert reasons(path, since=day(3)) == [None, None, never]
    # This one began when all were enabled.
    assert reasons("/videos/w") == [None, None, never]


@pytest.mark.parametrize("enabled", ENABLED)
def test_without_views_every_report_is_empty(reader: Reader, facts: Facts, enabled: tuple[str, ...]) -> None:
    enable(facts, *enabled)
    zeros = dict.fromkeys(enabled, 0)
    page = reader.get("/top")
    assert (page["event"], page["total"], page["totals"], page["videos"]) == (_ranked(enabled), 0, zeros, [])
    series = reader.get("/series")
    assert (series["event"], series["days"]) == (_ranked(enabled), [])
    assert [each["reason"] for each in series["funnel"]["milestones"]] == ["notRecorded"] * len(enabled)
    assert reader.ask("/videos/v").status_code == 404


def _ranked(enabled: tuple[str, ...]) -> str:
    return DEFAULT_EVENT if DEFAULT_EVENT in enabled else enabled[0]


class TestParameters:
    """What may be asked for: `event`, and a cursor of the same ranking."""

    pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

    @pytest.mark.parametrize("path", WITH_EVENT)
    def test_an_event_type_that_is_not_enabled_is_400_and_the_choices_are_named(
        self, reader: Reader, facts: Facts, path: str
    ) -> None:
        write(facts, FEW)
        enable(facts, "video_started", DEFAULT_EVENT)
        for asked in ("watched_95_percent", "watched_51_percent", "", "VIDEO_STARTED"):
            [error] = reader.ask(path, {"event": asked}).get_json()["errors"]
            assert error == {"field": "event", "detail": "Must be one of: video_started, watched_50_percent."}
        assert reader.ask(path, {"event": "video_started"}).status_code == 200

    def test_a_cursor_of_another_event_type_is_400(self, reader: Reader, facts: Facts) -> None:
        write_all(facts, {"video_started": FEW, DEFAULT_EVENT: FEW})
        cursors = {name: reader.get("/top", limit=1, event=name)["nextCursor"] for name in ALL[:3:2]}
        for name, cursor in cursors.items():
            [other] = set(cursors) - {name}
            assert reader.get("/top", event=name, cursor=cursor)["videos"]
            assert reader.refused("/top", event=other, cursor=cursor) == ["cursor"]

    def test_a_cursor_of_the_previous_version_is_still_valid(self, reader: Reader, facts: Facts) -> None:
        write(facts, FEW)
        # [null,null,"",1,9,"x"], without an event type.
        old = "W251bGwsbnVsbCwiIiwxLDksIngiXQ"
        assert write_cursor(Place(1, 9, "x"), Days(), DEFAULT_EVENT, "") == old
        assert [video["videoId"] for video in reader.get("/top", cursor=old)["videos"]] == ["w", "v"]


@pytest.fixture
def statements(facts: Facts) -> Iterator[list[tuple[str, Any]]]:
    """What the application asks the database, and with which parameters."""
    said: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        said.append((statement, parameters))

    with facts.app.app_context():
        engine = db.engine
    listen_for(engine, "before_cursor_execute", note)
    yield said
    stop_listening(engine, "before_cursor_execute", note)


REPORTS: list[tuple[str, dict[str, Any]]] = [
    ("/top", {}),
    ("/top", {"q": "v"}),
    ("/top", {"since": day(0), "until": day(3)}),
    ("/top", {"since": day(0), "q": "v"}),
    ("/videos/v", {}),
    ("/videos/v", {"since": day(0), "until": day(3)}),
    ("/series", {}),
    ("/export.csv", {}),
    ("/export.csv", {"since": day(0)}),
]


def test_where_only_the_half_is_enabled_no_other_counter_is_read(
    reader: Reader, facts: Facts, statements: list[tuple[str, Any]]
) -> None:
    write_all(facts, {"video_started": FEW, DEFAULT_EVENT: FEW})
    enable(facts, DEFAULT_EVENT)
    statements.clear()
    for path, asked in REPORTS:
        assert reader.ask(path, asked).status_code == 200
    asked_for = {name for name in COUNT_COLUMNS for statement, _ in statements if name in statement}
    assert asked_for == {EVENT_TYPES[DEFAULT_EVENT].count_column}
    statements.clear()
    enable(facts, *ALL)
    reader.get("/top")
    assert all(any(name in statement for statement, _ in statements) for name in COUNT_COLUMNS)


MANY = {
    "sqlite": "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 19999)",
    "postgresql": "WITH numbers AS (SELECT n FROM generate_series(0, 19999) AS n)",
}
"""20,000 rows: 5,000 videos on four days. Each counter has one in five of them, and each video all counters."""


def test_an_index_serves_the_ranking_by_each_event_type(
    reader: Reader, facts: Facts, statements: list[tuple[str, Any]]
) -> None:
    _write_many(facts)
    for name in ALL:
        count = EVENT_TYPES[name].count_column
        kind = "ranking" if name == DEFAULT_EVENT else f"by_{count}"
        cursor = reader.get("/top", event=name, limit=5)["nextCursor"]
        for path, asked, index in (
            ("/top", {}, f"ix_video_metrics_{kind}"),
            ("/top", {"cursor": cursor}, f"ix_video_metrics_{kind}"),
            ("/top", {"since": day(0), "until": day(3)}, f"ix_video_metrics_daily_{kind}"),
            ("/videos/v4990", {}, f"ix_video_metrics_{kind}"),
        ):
            statements.clear()
            reader.get(path, **asked, event=name)
            plans = _plans(facts, statements)
            assert re.search(rf"\b{index}\b", plans), (name, path, plans)
            assert not re.search(r"(Seq Scan on|SCAN) video_metrics(_daily)?(?! USING)", plans), (name, path, plans)


def _write_many(facts: Facts) -> None:
    with_numbers = MANY["postgresql" if facts.postgresql else "sqlite"]
    first = "DATE '2026-01-01' + n / 5000" if facts.postgresql else "date('2026-01-01', '+' || (n / 5000) || ' days')"
    now = "TIMESTAMPTZ '2026-01-01'" if facts.postgresql else "'2026-01-01 00:00:00'"
    counts = ", ".join(COUNT_COLUMNS)
    some = ", ".join(f"CASE WHEN n % 5 = {number} THEN n ELSE 0 END" for number in range(len(ALL)))
    all_of_them = ", n" * len(ALL)
    for table, key, source in (
        ("video_metrics_daily", "video_id, day", f"SELECT 'v' || (n % 5000), {first}, {some} FROM numbers"),
        (
            "video_metrics",
            "video_id, updated_at",
            f"SELECT 'v' || n, {now}{all_of_them} FROM numbers WHERE n < 5000",
        ),
    ):
        facts.sql(f"{with_numbers} INSERT INTO {table} ({key}, {counts}) {source}")
    sums = ", ".join(f"sum({name})" for name in COUNT_COLUMNS)
    facts.sql(f"INSERT INTO daily_totals (day, {counts}) SELECT day, {sums} FROM video_metrics_daily GROUP BY day")
    facts.sql("ANALYZE")


def _plans(facts: Facts, statements: list[tuple[str, Any]]) -> str:
    explain = "EXPLAIN" if facts.postgresql else "EXPLAIN QUERY PLAN"
    with facts.app.app_context(), db.engine.connect() as connection:
        rows = [
            row
            for statement, parameters in list(statements)
            for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)
        ]
    return "\n".join(str(row[-1]) for row in rows)
