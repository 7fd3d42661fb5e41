"""GET /admin/analytics/...: parse, query, answer. The parent blueprint in `web/admin.py` guards these views."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NotRequired, TypedDict

from flask import Blueprint, Response, request, stream_with_context
from werkzeug.exceptions import NotFound

from pulse_analytics.errors import FieldError, FixRequest
from pulse_analytics.events import is_id
from pulse_analytics.reports import export, queries, schemas
from pulse_analytics.reports.days import Ends
from pulse_analytics.reports.paging import write_cursor
from pulse_analytics.reports.ranking import ranking_page

if TYPE_CHECKING:
    from datetime import date

    from pulse_analytics.reports.days import Days
    from pulse_analytics.reports.paging import Page, Query


blueprint = Blueprint("reports", __name__)


class Day(TypedDict):
    """A count on one day."""

    day: str
    watched50Count: int


class RankedVideo(TypedDict):
    """A place of the ranking."""

    rank: int
    videoId: str
    watched50Count: int
    daily: NotRequired[list[int]]


class Ranking(Ends, TypedDict):
    """The body of a page of the ranking."""

    total: int
    videos: list[RankedVideo]
    nextCursor: str | None


class VideoBody(Ends, TypedDict):
    """The body of the answer about one video."""

    videoId: str
    watched50Count: int
    total: int
    rank: int | None
    firstDay: str
    lastDay: str
    daily: list[Day]


class Series(Ends, TypedDict):
    """The body of a series."""

    days: list[Day]


_top_schema = schemas.TopSchema()
_days_schema = schemas.DaysSchema()
_export_schema = schemas.ExportSchema()


@blueprint.get("/top")
def top() -> Ranking:
    """The ranking: the most watched videos first."""
    query: Query = schemas.load_query(_top_schema, request.args)
    page = ranking_page(query)
    next_cursor = write_cursor(page.places[-1], query.days, query.prefix) if page.more else None
    return {**query.days.words(), "total": page.range_total, "videos": _videos(page), "nextCursor": next_cursor}


@blueprint.get("/videos/<video_id:video_id>", merge_slashes=False)
def video(video_id: str) -> VideoBody:
    """One video: its count in the range and of all time, its rank, its first and last day, its count on each day."""
    days: Days = schemas.load_query(_days_schema, request.args)
    found = queries.find_video(video_id, days) if is_id(video_id) else None
    if found is None:
        raise NotFound("Nobody has watched this video.")
    return {
        "videoId": video_id,
        **days.words(),
        "watched50Count": sum(found.days.values()),
        "total": found.all_time_count,
        "rank": found.rank,
        "firstDay": found.first.isoformat(),
        "lastDay": found.last.isoformat(),
        "daily": _series(days, days.within(found.first, found.last), found.days),
    }


@blueprint.get("/series")
def series() -> Series:
    """All videos: their count on each day."""
    days: Days = schemas.load_query(_days_schema, request.args)
    shown, counts = queries.series(days)
    return {**days.words(), "days": _series(days, shown, counts)}


@blueprint.get("/export.csv")
def export_csv() -> Response:
    """The counts of the range as a CSV file, streamed."""
    asked: schemas.Export = schemas.load_query(_export_schema, request.args)
    pieces = export.csv_of(asked.days, asked.prefix)
    # Read the first piece before the answer begins: if the database is unavailable, the answer is a 503.
    answer = Response(stream_with_context(chain([next(pieces)], pieces)), content_type="text/csv; charset=utf-8")
    words = asked.days.words()
    ends = "-".join(end for end in (words["since"], words["until"]) if end)
    answer.headers.set("Content-Disposition", "attachment", filename=f"videos{ends and '-'}{ends}.csv")
    return answer


def _videos(page: Page) -> list[RankedVideo]:
    videos = []
    for place in page.places:
        shown: RankedVideo = {"rank": place.rank, "videoId": place.video_id, "watched50Count": place.range_count}
        videos.append(shown if page.daily is None else {**shown, "daily": page.daily[place.video_id]})
    return videos


def _series(asked: Days, days: Days, counts: dict[date, int]) -> list[Day]:
    """A row for each of `days`; of all time, for the last MAX_DAYS of them.

    Raises FixRequest if they are too many. It names the end that was given, `since` if both were.
    """
    if asked.all_time:
        days = days.last(schemas.MAX_DAYS)
    if days.count() > schemas.MAX_DAYS:
        field = "until" if asked.until and not asked.since else "since"
        raise FixRequest(FieldError(field, f"These are {days.count()} days; {schemas.MAX_DAYS} at most are answered."))
    return [{"day": day.isoformat(), "watched50Count": counts.get(day, 0)} for day in days.each()]
