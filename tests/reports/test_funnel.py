"""The funnel: shares of what can be compared, a reason where they cannot, and never a share above 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_analytics.events import EVENT_TYPES
from pulse_analytics.reports.days import Days
from pulse_analytics.reports.funnel import Funnel, funnel_of
from tests.reports.conftest import day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulse_analytics.reports.funnel import Milestone

ALL = tuple(EVENT_TYPES)
NUMBERS = st.one_of(st.none(), st.integers(0, 9))


def funnel(counts: Sequence[int], since: Sequence[int | None] = (0,) * 5, days: Days | None = None) -> Funnel:
    """The funnel of these counts of all event types, which are recorded since the days of these numbers."""
    recorded = {event: None if number is None else day(number) for event, number in zip(ALL, since, strict=True)}
    return funnel_of(dict(zip(ALL, counts, strict=True)), recorded, days or Days(), day(0))


def column(funnel: Funnel, name: str) -> list[object]:
    milestones: Sequence[Mapping[str, object]] = funnel["milestones"]
    return [milestone[name] for milestone in milestones]


def test_each_milestone_has_its_share_of_the_first_and_its_drop_from_the_one_before() -> None:
    found = funnel([200, 150, 100, 75, 60])
    assert column(found, "event") == list(ALL)
    assert column(found, "share") == [0.0, 0.25, 0.5, 0.75, 0.95]
    assert column(found, "shareOfFirst") == [1.0, 0.75, 0.5, 0.375, 0.3]
    assert column(found, "dropOff") == [None, 0.25, pytest.approx(1 / 3), 0.25, 0.2]
    assert column(found, "recordedSince") == [str(day(0))] * 5
    assert column(found, "reason") == [None] * 5


def test_the_share_watched_is_the_area_below_the_milestones() -> None:
    # 0.25 * (200 + 150 + 150 + 100 + 100 + 75) / 2 + 0.20 * (75 + 60) / 2 + 0.05 * 60 seconds of each, of 200 starts.
    assert funnel([200, 150, 100, 75, 60])["estimatedShareWatched"] == pytest.approx((96.875 + 13.5 + 3) / 200)
    assert funnel([10] * 5)["estimatedShareWatched"] == pytest.approx(1)
    assert funnel([10, 0, 0, 0, 0])["estimatedShareWatched"] == pytest.approx(0.125)


def test_without_a_start_or_with_one_milestone_there_is_no_estimate() -> None:
    for events in (ALL[1:], ALL[:1], ALL[2:3]):
        recorded = dict.fromkeys(events, day(0))
        assert funnel_of(dict.fromkeys(events, 1), recorded, Days(), day(0))["estimatedShareWatched"] is None
    assert funnel([0] * 5)["estimatedShareWatched"] is None


@pytest.mark.parametrize(
    ("counts", "reasons", "shares", "drops"),
    [
        # More than the one before, and less than the first.
        ([9, 3, 6, 6, 3], [2], [1, 1 / 3, None, 6 / 9, 3 / 9], [None, 6 / 9, None, 0, 0.5]),
        # More than the first: so is the one after it, although it is less than the one before.
        ([4, 8, 6, 4, 2], [1, 2], [1, None, None, 1, 0.5], [None, None, None, 2 / 6, 0.5]),
        # Nobody started.
        ([0, 1, 0, 0, 0], [1], [None] * 5, [None, None, 1, None, None]),
    ],
)
def test_a_milestone_that_exceeds_an_earlier_one_has_no_shares(
    counts: list[int], reasons: list[int], shares: list[float | None], drops: list[float | None]
) -> None:
    found = funnel(counts)
    assert column(found, "reason") == ["exceedsEarlier" if n in reasons else None for n in range(5)]
    assert column(found, "shareOfFirst") == shares
    assert column(found, "dropOff") == pytest.approx(drops)
    assert found["estimatedShareWatched"] is None


def test_what_was_enabled_later_is_not_compared_with_what_was_counted_before() -> None:
    # The half alone was enabled until day 5.
    since = [5, 5, 0, 5, 6]
    for half in (30, 70):
        found = funnel([50, 40, half, 20, 10], since)
        assert column(found, "reason") == ["recordedLater", "recordedLater", None, "recordedLater", "recordedLater"]
        assert column(found, "shareOfFirst") == column(found, "dropOff") == [None] * 5

    before = funnel([0, 0, 70, 0, 0], since, Days(until=day(5)))
    assert column(before, "reason") == ["notRecorded", "notRecorded", None, "notRecorded", "notRecorded"]
    assert column(before, "recordedSince")[::2] == [str(day(5)), str(day(0)), str(day(6))]

    after = funnel([50, 40, 30, 20, 10], since, Days(day(6)))
    assert (column(after, "reason"), column(after, "shareOfFirst")[-1]) == ([None] * 5, 0.2)


def test_a_range_may_begin_before_anything_was_counted() -> None:
    # A site of yesterday is asked for the last 30 days.
    found = funnel([5, 4, 3, 2, 1], days=Days(day(-30)))
    assert column(found, "reason") == [None] * 5
    # So may one that begins before a video did: it is compared from its own first day on.
    recorded = {event: day(2 if event == "video_started" else 0) for event in ALL}
    counts = dict.fromkeys(ALL, 1)
    reasons = [column(funnel_of(counts, recorded, Days(day(1)), day(first)), "reason")[0] for first in (1, 2, 3)]
    assert reasons == ["recordedLater", None, None]


def test_a_milestone_that_no_player_reports_does_not_spoil_the_others() -> None:
    found = funnel([8, 0, 6, 7, 0], [0, None, 0, 0, None])
    assert column(found, "reason") == [None, "notRecorded", None, "exceedsEarlier", "notRecorded"]
    assert column(found, "shareOfFirst") == [1, None, 0.75, None, None]


def test_what_was_never_counted_is_not_recorded() -> None:
    found = funnel([3, 2, 1, 0, 0], [0, 0, 0, 0, None])
    assert column(found, "reason") == [None] * 4 + ["notRecorded"]
    assert column(found, "shareOfFirst") == [1, 2 / 3, 1 / 3, 0, None]
    nothing = funnel_of(dict.fromkeys(ALL, 0), dict.fromkeys(ALL), Days(), None)
    assert column(nothing, "reason") == ["notRecorded"] * 5


@given(
    st.lists(st.tuples(st.integers(0, 9), NUMBERS), min_size=5, max_size=5),
    NUMBERS,
    NUMBERS,
    NUMBERS,
)
def test_no_share_is_ever_below_0_or_above_1(
    given: list[tuple[int, int | None]], since: int | None, until: int | None, first: int | None
) -> None:
    counts, recorded = zip(*given, strict=True)
    ends = [None if number is None else day(number) for number in (since, until, first)]
    found = funnel_of(
        dict(zip(ALL, counts, strict=True)),
        {event: None if number is None else day(number) for event, number in zip(ALL, recorded, strict=True)},
        Days(ends[0], ends[1]),
        ends[2],
    )
    shares = [*column(found, "shareOfFirst"), *column(found, "dropOff"), found["estimatedShareWatched"]]
    assert all(share is None or (isinstance(share, float) and 0 <= share <= 1) for share in shares)
    for milestone in found["milestones"]:
        _assert_says_why(milestone, found["milestones"][0])


def _assert_says_why(milestone: Milestone, first: Milestone) -> None:
    shares = (milestone["shareOfFirst"], milestone["dropOff"])
    if milestone["reason"]:
        assert shares == (None, None)
    elif shares[0] is None:
        assert first["reason"] or not first["count"]
