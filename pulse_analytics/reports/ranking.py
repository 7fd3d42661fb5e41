"""A page of the ranking: of all time, or of a range of days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, true

from pulse_analytics.catalogue.search import is_empty
from pulse_analytics.catalogue.storage import entries_of
from pulse_analytics.database.models import video_metrics
from pulse_analytics.reports.counts import Counts, counter, indexed, named, reported_events
from pulse_analytics.reports.paging import Counted, Page, Place
from pulse_analytics.reports.queries import days_by_video, snapshot, sums_by_video, sums_of
from pulse_analytics.reports.search import find_matches
from pulse_analytics.reports.threshold import add_up, find_best

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, FromClause

    from pulse_analytics.reports.paging import Query
    from pulse_analytics.reports.search import Matches

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
        source = _few(query, matches) if matches.few else video_metrics
        hold = true() if matches.few else matches.hold(video_metrics.c.video_id)
        return _find_of_all_time(connection, query, source, hold, most)
    find = add_up if matches.few else find_best
    return find(connection, query, matches.hold, most)


def _find_of_all_time(
    connection: Connection, query: Query, source: FromClause, hold: ColumnElement[bool], most: int
) -> list[Counted]:
    video_id: ColumnElement[str] = source.c.video_id
    count = counter(source, query.event)
    ranking = select(video_id, count).where(count > 0, indexed(source, query.event), hold)
    ranking = ranking.order_by(count.desc(), video_id)
    if query.after is None:
        pieces: list[ColumnElement[bool]] = [true()]
    else:
        # One query per condition: each is a single range of the ranking's index; combined with OR they would not be.
        pieces = [
            (count == query.after.range_count) & (video_id > query.after.video_id),
            count < query.after.range_count,
        ]
    found: list[Counted] = []
    for piece in pieces:
        if len(found) < most:
            rows = connection.execute(ranking.where(piece).limit(most - len(found)))
            found += [Counted(video_id, range_count) for video_id, range_count in rows]
    return found


def _few(query: Query, matches: Matches) -> FromClause:
    """The counters of the few matches."""
    # The limit drops no row. It keeps the database from walking through the whole ranking to find the matches.
    columns = video_metrics.c
    its = select(columns.video_id, counter(video_metrics, query.event)).where(matches.hold(columns.video_id))
    return its.order_by(columns.video_id).limit(matches.few).subquery()
