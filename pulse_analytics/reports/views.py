"""GET /admin/analytics/...: parse, query, answer. The parent blueprint in `web/admin.py` guards these views."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from flask import Blueprint, Response, request, stream_with_context
from werkzeug.exceptions import NotFound

from pulse_analytics.catalogue.schemas import DetailsSchema
from pulse_analytics.errors import FieldError, FixRequest
from pulse_analytics.events import is_id
from pulse_analytics.reports import export, queries, schemas
from pulse_analytics.reports.counts import Counts, CountsBody, body_of, enabled
from pulse_analytics.reports.days import Ends
from pulse_analytics.reports.funnel import Funnel, funnel_of
from pulse_analytics.reports.paging import write_cursor
from pulse_analytics.reports.ranking import ranking_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulse_analytics.reports.days import Days
    from pulse_analytics.reports.paging import Page, Query


blueprint = Blueprint("reports", __name__)


class Day(CountsBody, TypedDict):
    """The counts on one day."""

    day: str


class RankedVideo(CountsBody, TypedDict):
    """A place of the ranking."""

    rank: int
    videoId: str
    title: str | None
    pageUrl: str | None
    daily: NotRequired[list[int]]


class Ranking(Ends, TypedDict):
    """The body of a page of the ranking."""

    event: str
    total: int
    totals: Counts
    videos: list[RankedVideo]
    nextCursor: str | None


class VideoBody(Ends, CountsBody, TypedDict):
    """The body of the answer about one video."""

    videoId: str
    event: str
    total: int
    rank: int | None
    firstDay: str | None
    lastDay: str | None
    daily: list[Day]
    funnel: Funnel
    catalogue: dict[str, Any] | None


class Series(Ends, TypedDict):
    """The body of a series."""

    event: str
    days: list[Day]
    funnel: Funnel


_top_schema = schemas.TopSchema()
_days_schema = schemas.DaysSchema()
_export_schema = schemas.ExportSchema()
_details_schema = DetailsSchema()


@blueprint.get("/top")
def top() -> Ranking:
    """The ranking: the most watched videos first."""
    query: Query = schemas.load_query(_top_schema, request.args)
    page = ranking_page(query)
    return {
        **query.days.words(),
        "event": query.event,
        "total": page.totals[query.event],
        "totals": enabled(page.totals),
        "videos": _videos(page),
        "nextCursor": write_cursor(page.places[-1], query.days, query.event, *query.search) if page.more else None,
    }


@blueprint.get("/videos/<video_id:video_id>", merge_slashes=False)
def video(video_id: str) -> VideoBody:
    """One video: its counts in the range and on each day, its rank, its first and last day, its funnel."""
    asked: schemas.Asked = schemas.load_query(_days_schema, request.args)
    found = queries.find_video(video_id, asked.days, asked.event) if is_id(video_id) else None
    if found is None:
        raise NotFound("Nobody has watched this video.")
    ends = found.series.ends[asked.event]
    return {
        "videoId": video_id,
        **asked.days.words(),
        "event": asked.event,
        **body_of(found.series.sums()),
        "total": found.all_time[asked.event],
        "rank": found.rank,
        "firstDay": ends.first.isoformat() if ends.first else None,
        "lastDay": ends.last.isoformat() if ends.last else None,
        "daily": _days(asked.days, found.series),
        "funnel": _funnel(asked.days, found.series, found.recorded),
        "catalogue": _details_schema.dump(found.entry) if found.entry else None,
    }


@blueprint.get("/series")
def series() -> Series:
    """All videos: their counts on each day, and their funnel."""
    asked: schemas.Asked = schemas.load_query(_days_schema, request.args)
    found = queries.series(asked.days)
    return {
        **asked.days.words(),
        "event": asked.event,
        "days": _days(asked.days, found),
        "funnel": _funnel(asked.days, found, found.ends),
    }


@blueprint.get("/export.csv")
def export_csv() -> Response:
    """The counts of the range as a CSV file, streamed."""
    asked: schemas.Export = schemas.load_query(_export_schema, request.args)
    pieces = export.csv_of(asked.days, asked.search)
    # Read the first piece before the answer begins: if the database is unavailable, the answer is a 503.
    answer = Response(stream_with_context(chain([next(pieces)], pieces)), content_type="text/csv; charset=utf-8")
    words = asked.days.words()
    ends = "-".join(end for end in (words["since"], words["until"]) if end)
    answer.headers.set("Content-Disposition", "attachment", filename=f"videos{ends and '-'}{ends}.csv")
    return answer


def _videos(page: Page) -> list[RankedVideo]:
    videos = []
    for place in page.places:
        counts, entry = body_of(page.counts[place.video_id]), page.entries.get(place.video_id)
        shown: RankedVideo = {
            "rank": place.rank,
            "videoId": place.video_id,
            "title": entry.title if entry else None,
            "pageUrl": entry.page_url if entry else None,
            "watched50Count": counts["watched50Count"],
            "counts": counts["counts"],
        }
        if page.daily is not None:
            shown["daily"] = page.daily[place.video_id]
        videos.append(shown)
    return videos


def _days(asked: Days, series: queries.Series) -> list[Day]:
    """A row for each day, an open end closed where the counts end; of all time, for the last MAX_DAYS of them.

    Raises FixRequest if they are too many. It names the end that was given, `since` if both were.
    """
    days = series.covered(asked)
    if asked.all_time:
        days = days.last(schemas.MAX_DAYS)
    if days.count() > schemas.MAX_DAYS:
        field = "until" if asked.until and not asked.since else "since"
        raise FixRequest(FieldError(field, f"These are {days.count()} days; {schemas.MAX_DAYS} at most are answered."))
    return [{"day": day.isoformat(), **body_of(series.days.get(day, {}))} for day in days.each()]


def _funnel(asked: Days, series: queries.Series, recorded: Mapping[str, queries.Ends]) -> Funnel:
    counts = enabled(series.sums())
    firsts = [first for event in counts if (first := series.ends[event].first)]
    return funnel_of(counts, {event: recorded[event].first for event in counts}, asked, min(firsts, default=None))
