"""The ranking of a range of days, without summing every video that was watched on them.

Each day has a bar: the count at a given depth of that day's ranking. Read the videos above the bar on any day. A video
below the bar on every day has at most the sum of the bars, so if the last wanted place has more than that, no unseen
video belongs on the page. If it does not, lower the bars until their sum is below that place's count, and read once
more. (Fagin's threshold algorithm, with the bars of Cao and Wang's TPUT: usually two rounds.)

The result is always exact. It is fast where few videos have most of the views, as is usual. Where all videos have about
the same count, so many rows lie above the bars that summing every video costs no more, and that is done instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, func, literal, or_, select, true, union_all

from pulse_analytics.database.models import daily_totals, video_metrics_daily
from pulse_analytics.reports.counts import counter, indexed
from pulse_analytics.reports.paging import Counted
from pulse_analytics.reports.queries import added_up, sums_by_video

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy import Connection, Select

    from pulse_analytics.catalogue.search import Condition
    from pulse_analytics.reports.paging import Query

MOST_ROWS = 1_000_000
"""If more rows than this lie above the bars, every video is summed instead, which takes 3.6 to 6.5 s with a million
videos of equal counts (docs/decisions/0004-ranking-a-range-of-days.md)."""
DEPTH = 2
"""The first bars lie this many times as deep as the last wanted place; if counts follow Zipf's law, one round does."""
_CHUNK = 8
"""Days per statement. It is compiled once for each number of days, at 2.5 ms a day."""


class _Seen(NamedTuple):
    """A video that is above the bar on some day."""

    video_id: str
    low: int
    """Lower bound of its count: the sum over the days on which it is above the bar."""
    high: int
    """Upper bound: `low`, plus the bars of the other days."""


def find_best(connection: Connection, query: Query, hold: Condition, most: int) -> list[Counted]:
    """The first `most` videos for which `hold` is true of the ranking after `query.after`, and their counts."""
    depth = DEPTH * ((query.after.rank if query.after else 0) + most)
    bars = _bars_at(connection, query, hold, depth)
    while (seen := _above(connection, query, hold, bars)) is not None:
        found = _look_up(connection, query, most, seen)
        unseen = sum(bars.values())
        if unseen == 0 or (len(found) >= most and found[most - 1].range_count > unseen):
            return found[:most]
        # The last place's count can only stay or rise. If too few were found, there is no count to aim at yet.
        goal = found[most - 1].range_count - 1 if len(found) >= most else unseen // 4
        bars = {day: bar * goal // unseen for day, bar in bars.items()}
    return add_up(connection, query, hold, most)


def add_up(connection: Connection, query: Query, hold: Condition, most: int) -> list[Counted]:
    """The same as `find_best`, by summing every video for which `hold` is true."""
    columns = video_metrics_daily.c
    video_id, total, after = columns.video_id, added_up(counter(video_metrics_daily, query.event)), query.after
    follows = (
        or_(total < after.range_count, and_(total == after.range_count, video_id > after.video_id)) if after else true()
    )
    sums = (
        select(video_id, total)
        .where(
            query.days.holds(columns.day),
            hold(video_id),
            indexed(video_metrics_daily, query.event),
        )
        .group_by(video_id)
        .having(total > 0, follows)
        .order_by(total.desc(), video_id)
        .limit(most)
    )
    return [Counted(video_id, count) for video_id, count in connection.execute(sums)]


def _bars_at(connection: Connection, query: Query, hold: Condition, depth: int) -> dict[date, int]:
    """For each day with any count, the count at this depth of its ranking, or 0 if fewer videos were watched."""
    totals, columns, count = daily_totals.c, video_metrics_daily.c, counter(video_metrics_daily, query.event)
    its = (hold(columns.video_id), indexed(video_metrics_daily, query.event))
    bar = (
        select(count)
        .where(columns.day == totals.day, *its)
        .order_by(count.desc(), columns.video_id)
        .offset(depth)
        .limit(1)
        .scalar_subquery()
    )
    counted = (query.days.holds(totals.day), counter(daily_totals, query.event) > 0)
    return dict(connection.execute(select(totals.day, func.coalesce(bar, 0)).where(*counted)).all())


def _above(connection: Connection, query: Query, hold: Condition, bars: dict[date, int]) -> list[_Seen] | None:
    """The videos above the bar on any day, or None if more than MOST_ROWS rows (one per video and day) are above."""
    lows: dict[str, int] = {}
    excesses: dict[str, int] = {}
    rows = 0
    days = sorted(bars)
    for start in range(0, len(days), _CHUNK):
        chunk = [(day, bars[day]) for day in days[start : start + _CHUNK]]
        for video_id, low, excess, its_rows in connection.execute(_rows_above(query, hold, chunk)):
            lows[video_id] = lows.get(video_id, 0) + low
            excesses[video_id] = excesses.get(video_id, 0) + excess
            rows += its_rows
        if rows > MOST_ROWS:
            return None
    unseen = sum(bars.values())
    return [_Seen(video_id, low, unseen + excesses[video_id]) for video_id, low in lows.items()]


def _rows_above(query: Query, hold: Condition, bars: Iterable[tuple[date, int]]) -> Select[str, int, int, int]:
    """The videos above these bars: their counts on those days, the excess over the bars, and the number of days."""
    columns, count = video_metrics_daily.c, counter(video_metrics_daily, query.event)
    its = (hold(columns.video_id), indexed(video_metrics_daily, query.event))
    # One SELECT per day: the planner knows each bar and reads a single range of the index for each.
    each = (
        select(columns.video_id, count.label("low"), (count - literal(bar)).label("excess")).where(
            columns.day == day, count > bar, *its
        )
        for day, bar in bars
    )
    rows = union_all(*each).limit(MOST_ROWS + 1).subquery().c
    sums = select(rows.video_id, added_up(rows.low), added_up(rows.excess), func.count())
    return sums.group_by(rows.video_id)


def _look_up(connection: Connection, query: Query, most: int, seen: list[_Seen]) -> list[Counted]:
    """The seen videos after `query.after`, with their counts; complete for the first `most`."""
    after = query.after
    possible = [each for each in seen if after is None or each.low <= after.range_count]
    certain = sorted((each.low for each in possible if after is None or each.high < after.range_count), reverse=True)
    enough = certain[most - 1] if len(certain) >= most else 0
    promising = [each for each in possible if each.high >= enough]
    counts = {each.video_id: each.low for each in promising if each.low == each.high}
    others = [each.video_id for each in promising if each.low != each.high]
    counts.update((video_id, count) for video_id, count in sums_by_video(connection, others, query.days, [query.event]))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Counted(video_id, count) for video_id, count in ranked if after is None or after.is_before(count, video_id)]
