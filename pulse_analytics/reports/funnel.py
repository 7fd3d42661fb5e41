"""How many views got from each milestone to the next. Pure: no I/O."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypedDict, get_args

from pulse_analytics.events import EVENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from pulse_analytics.reports.days import Days

Reason = Literal["notRecorded", "recordedLater", "exceedsEarlier"]
"""Why a milestone has no shares: it was not recorded in the range, or only on later days of it, or more often than an
earlier milestone."""
REASONS = get_args(Reason)


class Milestone(TypedDict):
    """An event type in a funnel."""

    event: str
    share: float
    count: int
    shareOfFirst: float | None
    dropOff: float | None
    recordedSince: str | None
    reason: Reason | None


class Funnel(TypedDict):
    """A funnel as the JSON answers spell it."""

    milestones: list[Milestone]
    estimatedShareWatched: float | None


def funnel_of(
    counts: Mapping[str, int], recorded_since: Mapping[str, date | None], days: Days, first: date | None
) -> Funnel:
    """The funnel of these event types, in the order of their shares.

    `counts` are those of `days`; `recorded_since` is the first day on which the site counted any such event; `first` is
    the first day with anything to compare: of a video, its first one. A share that would compare counts of different
    days, or be above 1, is None, and `reason` says why.
    """
    begin = max((day for day in (days.since, first) if day), default=None)
    milestones: list[Milestone] = []
    for event, count in counts.items():
        since = recorded_since[event]
        reason = _gap(since, begin, days.until) or _excess(count, milestones)
        this = _milestone(event, count, since, reason)
        before = milestones[-1] if milestones else None
        milestones.append(this)
        this["shareOfFirst"] = _part(count, this, milestones[0])
        this["dropOff"] = _part(before["count"] - count, this, before) if before else None
    whole = all(each["reason"] is None for each in milestones)
    return {"milestones": milestones, "estimatedShareWatched": _share_watched(milestones) if whole else None}


def _gap(since: date | None, begin: date | None, until: date | None) -> Reason | None:
    if since is None or (until and until <= since):
        return "notRecorded"
    return "recordedLater" if begin and begin < since else None


def _excess(count: int, earlier: list[Milestone]) -> Reason | None:
    recorded = [each["count"] for each in earlier if _is_recorded(each)]
    # It may be above the first one and below the one before.
    return "exceedsEarlier" if recorded and count > min(recorded[0], recorded[-1]) else None


def _is_recorded(milestone: Milestone) -> bool:
    """Whether it was recorded on all days on which there is anything to compare."""
    return milestone["reason"] in (None, "exceedsEarlier")


def _milestone(event: str, count: int, since: date | None, reason: Reason | None) -> Milestone:
    return {
        "event": event,
        "share": EVENT_TYPES[event].share,
        "count": count,
        "shareOfFirst": None,
        "dropOff": None,
        "recordedSince": since.isoformat() if since else None,
        "reason": reason,
    }


def _part(count: int, this: Milestone, whole: Milestone) -> float | None:
    """How much of `whole` this count of `this` is."""
    return count / whole["count"] if this["reason"] is None and _is_recorded(whole) and whole["count"] else None


def _share_watched(milestones: list[Milestone]) -> float | None:
    """The mean share of the video that was watched, if between two marks as many views end in each second.

    It is the area below the milestones' counts, joined by straight lines; who passed the last mark sees the rest.
    """
    first, last = milestones[0], milestones[-1]
    if len(milestones) < 2 or first["share"] > 0 or not first["count"]:
        return None
    between = ((b["share"] - a["share"]) * (a["count"] + b["count"]) / 2 for a, b in pairwise(milestones))
    return (sum(between) + last["count"] * (1 - last["share"])) / first["count"]
