"""The ranking of all time, from each video's counter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, true

from pulse_analytics.database.models import video_metrics
from pulse_analytics.reports.counts import counter, indexed
from pulse_analytics.reports.paging import Counted

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, FromClause

    from pulse_analytics.reports.paging import Query
    from pulse_analytics.reports.search import Matches


def find_of_all_time(connection: Connection, query: Query, matches: Matches, most: int) -> list[Counted]:
    """The first `most` of these videos after `query.after`, and their counts of all time; `query.days` is not read."""
    source = _few(query, matches) if matches.few else video_metrics
    hold = true() if matches.few else matches.hold(video_metrics.c.video_id)
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
