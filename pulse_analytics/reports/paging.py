"""A page of a ranking: the query for it, and the cursor to the next one. Pure: no I/O."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from pulse_analytics.events import DEFAULT_EVENT, is_id

if TYPE_CHECKING:
    from pulse_analytics.catalogue.entries import Entry
    from pulse_analytics.reports.counts import Counts
    from pulse_analytics.reports.days import Days
    from pulse_analytics.reports.search import Search

_MOST_VIEWS = 2**63 - 1
_MOST_VIDEOS = 2**40
"""More videos than anyone has, and few enough that arithmetic with a rank stays within 64 bits."""


class Counted(NamedTuple):
    """A video and its count in the ranked range of days."""

    video_id: str
    range_count: int


class Place(NamedTuple):
    """A video's place in a ranking: highest counts first, ties by id in code point order."""

    rank: int
    range_count: int
    """Its count in the ranked range of days."""
    video_id: str

    def is_before(self, range_count: int, video_id: str) -> bool:
        """Whether a video with this count and id comes after this place."""
        return (-self.range_count, self.video_id) < (-range_count, video_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which page of which ranking."""

    days: Days
    event: str
    """The event type whose count ranks."""
    search: Search
    """Which videos are ranked."""
    after: Place | None
    """The last place of the previous page; None for the first page."""
    limit: int


class Page(NamedTuple):
    """Consecutive places of a ranking."""

    totals: Counts
    """The counts of all videos on these days, on this page or not."""
    places: list[Place]
    counts: dict[str, Counts]
    """The counts of each of these videos on these days."""
    entries: dict[str, Entry]
    """Those that the catalogue has of these videos."""
    more: bool
    """Whether more places follow."""
    daily: dict[str, list[int]] | None
    """The ranked count of each video on each day; None if the range is too long or has an open end."""


def write_cursor(place: Place, days: Days, event: str, text: str, tag: str = "") -> str:
    """The cursor of this place, as opaque text for `read_cursor`, valid for this ranking and this search only."""
    cursor = json.dumps([*_ranking(days, event, text, tag), *place], separators=(",", ":"))
    return urlsafe_b64encode(cursor.encode()).decode().rstrip("=")


def read_cursor(cursor: str, days: Days, event: str, text: str, tag: str = "") -> Place:
    """The place that a cursor encodes. Raises ValueError if it is not a cursor, or if it is of another ranking."""
    try:
        held = json.loads(b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        held = None
    match held:
        case [*ranking, rank, range_count, str() as video_id] if (
            _is_count(rank, _MOST_VIDEOS) and _is_count(range_count, _MOST_VIEWS) and is_id(video_id)
        ):
            if ranking != _ranking(days, event, text, tag):
                raise ValueError("Belongs to another query: since, until, event, q and tag must stay the same.")
            return Place(rank, range_count, video_id)
    raise ValueError("Not a cursor: send back the nextCursor of a page.")


def _is_count(number: object, most: int) -> TypeGuard[int]:
    # isinstance() would accept `true` as a number.
    return type(number) is int and 0 < number <= most


def _ranking(days: Days, event: str, text: str, tag: str) -> list[object]:
    # Cursors of DEFAULT_EVENT name none, as before there was a choice: those of before an upgrade stay valid.
    chosen = [] if event == DEFAULT_EVENT else [event]
    return [*days.words().values(), text, *chosen, *([{"tag": tag}] if tag else [])]
