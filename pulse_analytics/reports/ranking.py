"""A page of the ranking: of all time, or of a range of days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, true

from pulse_analytics.database.models import video_metrics
from pulse_analytics.reports.paging import Counted, Page, Place
from pulse_analytics.reports.queries import days_by_video, snapshot, sum_of
from pulse_analytics.reports.search import begins_with
from pulse_analytics.reports.threshold import add_up, find_best

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, FromClause

    from pulse_analytics.reports.paging import Query

MAX_DAILY = 92
"""The longest range, in days, whose ranking includes each video's counts by day: a quarter of a year."""
FEW = {"postgresql": 10_000, "sqlite": 2000}
"""Up to this many matches of a search are all summed (about 30 ms); above it the threshold algorithm is used."""


def ranking_page(query: Query) -> Page:
    """A page of the ranking, from one snapshot. Raises TryAgain if the database does not answer."""
    with snapshot() as connection:
        found = _find(connection, query, query.limit + 1)
        first = query.after.rank + 1 if query.after else 1
        places = [Place(first + n, count, video_id) for n, (video_id, count) in enumerate(found[: query.limit])]
        videos = [place.video_id for place in places]
        daily = days_by_video(connection, videos, query.days) if 0 < query.days.count() <= MAX_DAILY else None
        return Page(sum_of(connection, query.days), places, len(found) > query.limit, daily)


def _find(connection: Connection, query: Query, most: int) -> list[Counted]:
    """The first `most` videos of the ranking after `query.after`, and their counts."""
    limit = FEW[connection.dialect.name]
    few = bool(query.prefix) and _count_matches(connection, query.prefix, limit + 1) <= limit
    if query.days.all_time:
        return _find_of_all_time(connection, query, most, _matches(query.prefix, limit) if few else video_metrics)
    return add_up(connection, query, most) if few else find_best(connection, query, most)


def _count_matches(connection: Connection, prefix: str, most: int) -> int:
    """How many ids begin with `prefix`, counted up to `most`."""
    video_id = video_metrics.c.video_id
    matches = select(video_id).where(begins_with(video_id, prefix)).limit(most).subquery()
    return connection.scalars(select(func.count()).select_from(matches)).one()


def _find_of_all_time(connection: Connection, query: Query, most: int, source: FromClause) -> list[Counted]:
    video_id: ColumnElement[str] = source.c.video_id
    count: ColumnElement[int] = source.c.watched_50_count
    ranking = select(video_id, count).where(count > 0, begins_with(video_id, query.prefix))
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
            found += [Counted(row.video_id, row.watched_50_count) for row in rows]
    return found


def _matches(prefix: str, most: int) -> FromClause:
    """The counters of the ids that begin with `prefix`; the caller knows that there are at most `most`."""
    # The limit drops no row. It keeps the database from walking through the whole ranking to find the matches.
    columns = video_metrics.c
    matches = select(columns.video_id, columns.watched_50_count).where(begins_with(columns.video_id, prefix))
    return matches.order_by(columns.video_id).limit(most).subquery()
