"""A page of the ranking: of all time, or of a range of days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulse_analytics.catalogue.search import is_empty
from pulse_analytics.catalogue.storage import entries_of
from pulse_analytics.reports.all_time import find_of_all_time
from pulse_analytics.reports.counts import Counts, named, reported_events
from pulse_analytics.reports.paging import Page, Place
from pulse_analytics.reports.queries import days_by_video, snapshot, sums_by_video, sums_of
from pulse_analytics.reports.search import Search, find_matches
from pulse_analytics.reports.threshold import add_up, find_best
from pulse_analytics.reports.walk import find_by_walk

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pulse_analytics.reports.paging import Counted, Query

MAX_DAILY = 92
"""The longest range, in days, whose ranking includes each video's counts by day: a quarter of a year."""


def ranking_page(query: Query) -> Page:
    """A page of the ranking, from one snapshot. Raises TryAgain if the database does not answer."""
    with snapshot() as connection:
        found = _find(connection, query, query.limit + 1)
        first = query.after.rank + 1 if query.after else 1
        places = [Place(first + n, count, video_id) for n, (video_id, count) in enumerate(found[: query.limit])]
        videos = [place.video_id for place in places]
        short = 0 < query.days.count() <= MAX_DAILY
        daily = days_by_video(connection, videos, query.days, query.event) if short else None
        totals = sums_of(connection, query.days)
        entries = {} if is_empty(connection) else entries_of(connection, videos)
        return Page(totals, places, _counts(connection, query, places), entries, len(found) > query.limit, daily)


def _counts(connection: Connection, query: Query, places: list[Place]) -> dict[str, Counts]:
    """All counts of these videos. That which ranks is known already, so if there is no other one, nothing is read."""
    events = reported_events()
    if events == (query.event,):
        return {place.video_id: {query.event: place.range_count} for place in places}
    rows = sums_by_video(connection, [place.video_id for place in places], query.days, events)
    return {video_id: named(counts) for video_id, *counts in rows}


def _find(connection: Connection, query: Query, most: int) -> list[Counted]:
    """The first `most` videos of the ranking after `query.after`, and their counts."""
    matches = find_matches(connection, query.search)
    if query.days.all_time:
        return find_of_all_time(connection, query, matches, most)
    if matches.few:
        return add_up(connection, query, matches.hold, most)
    found = find_by_walk(connection, query, matches, most) if query.search != Search() else None
    return find_best(connection, query, matches.hold, most) if found is None else found
