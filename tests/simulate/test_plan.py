"""The plan of the day."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice, pairwise
from typing import Any

import pytest

from pulse_analytics.events import DEFAULT_EVENT, EVENT_TYPES, EventType
from pulse_analytics.simulate.plan import Report, Site, Visit
from pulse_analytics.simulate.watching import survival

FIRST = next(iter(EVENT_TYPES))
SITE = Site(seed=1, viewers=4000, videos=50, day=date(2026, 3, 1))


@pytest.fixture(scope="module")
def visits() -> list[Visit]:
    return list(SITE.visits())


@pytest.fixture(scope="module")
def reports(visits: list[Visit]) -> list[Report]:
    return [report for visit in visits for report in visit.reports]


def test_equal_sites_give_equal_plans(visits: list[Visit]) -> None:
    assert list(replace(SITE).visits()) == visits
    everything = replace(SITE, events=tuple(EVENT_TYPES))
    assert list(everything.visits()) == list(everything.visits())


@pytest.mark.parametrize("change", [{"seed": 2}, {"viewers": 4001}, {"videos": 51}, {"day": date(2026, 3, 2)}])
def test_any_other_site_has_other_viewers(visits: list[Visit], change: dict[str, Any]) -> None:
    others = {visit.reports[0].user_id for visit in replace(SITE, **change).visits()}
    assert others.isdisjoint(visit.reports[0].user_id for visit in visits)


def test_a_plan_is_generated_while_it_is_read() -> None:
    endless = replace(SITE, viewers=10**12)
    assert len(list(islice(endless.visits(), 3))) == 3


def test_every_viewer_sends_reports_and_about_two_on_average(visits: list[Visit], reports: list[Report]) -> None:
    assert len(visits) == SITE.viewers
    assert all(visit.reports for visit in visits)
    assert 1.5 < len(reports) / len(visits) < 2.5
    assert SITE.count_reports() == len(reports)


def test_a_visit_belongs_to_one_viewer(visits: list[Visit]) -> None:
    viewers = [{report.user_id for report in visit.reports} for visit in visits]
    assert all(len(each) == 1 for each in viewers)
    assert len(set().union(*viewers)) == SITE.viewers


def test_popularity_is_zipf_like(reports: list[Report]) -> None:
    counts = Counter(report.video_id for report in reports)
    first, second, tenth = (counts[f"sim-1-{rank:04}"] for rank in (1, 2, 10))
    assert first == max(counts.values())
    assert 1.5 < first / second < 2.7
    assert 6 < first / tenth < 15
    assert set(counts) == set(SITE.video_ids())


def test_every_ts_is_within_the_day(reports: list[Report]) -> None:
    assert {datetime.fromtimestamp(report.ts / 1000, UTC).date() for report in reports} == {SITE.day}


def test_the_evening_is_busier_than_the_night(reports: list[Report]) -> None:
    by_hour = Counter(datetime.fromtimestamp(report.ts / 1000, UTC).hour for report in reports)
    assert by_hour[20] > 4 * by_hour[3] > 0


def test_viewers_come_back_to_the_same_video_with_another_ts(visits: list[Visit]) -> None:
    come_backs = 0
    for visit in visits:
        sessions = set(visit.reports)
        come_backs += len(sessions) - len({session.video_id for session in sessions})
    assert 0.1 < come_backs / len(visits) < 0.5


def test_some_reports_are_sent_again_at_once_and_some_later(visits: list[Visit]) -> None:
    at_once = later = 0
    for visit in visits:
        for index, report in enumerate(visit.reports):
            if report in visit.reports[:index]:
                at_once += visit.reports[index - 1] == report
                later += visit.reports[index - 1] != report
    assert at_once > 100
    assert later > 50


def test_a_tenth_of_the_visits_is_one_batch(visits: list[Visit]) -> None:
    assert 0.08 < sum(visit.offline for visit in visits) / len(visits) < 0.12


def test_a_burst_opens_one_video_within_seconds(visits: list[Visit]) -> None:
    bursts: list[list[Report]] = []
    open_burst = False
    for visit in visits:
        first = visit.reports[0]
        if visit.burst and open_burst and bursts[-1][0].video_id == first.video_id:
            bursts[-1].append(first)
        elif visit.burst:
            bursts.append([first])
        open_burst = visit.burst
    assert len(bursts) > 10
    for burst in (each for each in bursts if len(each) <= 40):  # Longer: two bursts of one video that meet.
        moments = [report.ts for report in burst]
        assert max(moments) - min(moments) < 20_000


def test_a_plan_of_one_video_and_one_viewer_works() -> None:
    (visit,) = Site(seed=7, viewers=1, videos=1, day=SITE.day).visits()
    assert {report.video_id for report in visit.reports} == {"sim-7-0001"}


def test_with_the_half_alone_the_plan_is_that_of_version_0_2_0() -> None:
    digest = hashlib.sha256()
    for visit in SITE.visits():
        assert {report.event for report in visit.reports} == {DEFAULT_EVENT}
        reports = [(report.video_id, report.user_id, report.ts) for report in visit.reports]
        digest.update(repr((reports, visit.offline, visit.burst)).encode())
    assert digest.hexdigest() == "6ffd9f8b2fad6222d63d1b1204b6a619be0961ecfb6b1781ff71e6e815d25f56"


@pytest.fixture(scope="module")
def sessions() -> list[list[Report]]:
    """The reports of each playback session of a plan with all events, once each."""
    sessions: list[list[Report]] = []
    for visit in replace(SITE, events=tuple(EVENT_TYPES)).visits():
        for report in dict.fromkeys(visit.reports):
            if report.event == FIRST:
                sessions.append([report])
            else:
                sessions[-1].append(report)
    return sessions


class TestAllEvents:
    """A plan with all events."""

    def test_sessions_begin_at_the_start_and_pass_the_milestones_in_order(self, sessions: list[list[Report]]) -> None:
        for session in sessions:
            assert [report.event for report in session] == list(EVENT_TYPES)[: len(session)]
            assert session == sorted(session, key=lambda report: report.ts)
            assert len({(report.video_id, report.user_id) for report in session}) == 1

    def test_viewers_stop_where_the_survival_curve_says(self, sessions: list[list[Report]]) -> None:
        assert len(sessions) > 6000
        for number, milestone in enumerate(EVENT_TYPES.values()):
            passed = sum(len(session) > number for session in sessions) / len(sessions)
            assert passed == pytest.approx(survival(milestone.share), abs=0.02)

    def test_most_of_those_who_leave_do_so_early(self) -> None:
        shares = [survival(number / 100) for number in range(101)]
        leaving = [before - after for before, after in pairwise(shares)]
        assert (shares[0], leaving) == (1, sorted(leaving, reverse=True))
        assert 0.1 < shares[-1] < 0.5

    def test_a_video_has_one_length_and_a_session_ends_before_the_next_one(self, sessions: list[list[Report]]) -> None:
        full = [session for session in sessions if len(session) == len(EVENT_TYPES)]
        lengths = {(session[0].video_id, session[-1].ts - session[0].ts) for session in full}
        assert len(lengths) == len({video_id for video_id, _ in lengths}) > 40
        for earlier, later in pairwise(sessions):
            assert earlier[0].user_id != later[0].user_id or earlier[-1].ts < later[0].ts

    def test_every_ts_is_within_the_day(self, sessions: list[list[Report]]) -> None:
        days = {datetime.fromtimestamp(report.ts / 1000, UTC).date() for session in sessions for report in session}
        assert days == {SITE.day}

    def test_a_sixth_event_type_is_played_without_another_change(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sixth = EventType("watched_99_percent", 0.99, "watched99", "watched_99_count")
        monkeypatch.setitem(EVENT_TYPES, sixth.name, sixth)
        visits = replace(SITE, events=tuple(EVENT_TYPES)).visits()
        counts = Counter(report.event for visit in visits for report in dict.fromkeys(visit.reports))
        assert counts[sixth.name] / counts[FIRST] == pytest.approx(survival(0.99), abs=0.02)

    def test_sessions_pass_at_least_the_first_enabled_milestone(self) -> None:
        events = ("watched_50_percent", "watched_75_percent")
        visits = replace(SITE, events=events).visits()
        counts = Counter(report.event for visit in visits for report in dict.fromkeys(visit.reports))
        assert counts[events[1]] / counts[events[0]] == pytest.approx(survival(0.75) / survival(0.5), abs=0.03)
