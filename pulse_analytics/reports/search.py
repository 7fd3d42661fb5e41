"""The search: videos by words of their title, by the beginning of their id, and by a tag."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, false, func, or_, select, true, union

from pulse_analytics.catalogue.search import is_empty, is_tagged, is_titled, one_of, tagged, titled
from pulse_analytics.database.models import video_metrics
from pulse_analytics.database.prefix import begins_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    from pulse_analytics.catalogue.search import Condition

FEW = 5000
"""Up to this many matches of a search are all summed, in up to 60 ms. If there are more, videos are read in the order
of the ranking, and each is compared with the search."""


class Search(NamedTuple):
    """Which videos a report is of."""

    text: str = ""
    """Those whose title has these words, or whose id begins with this."""
    tag: str = ""
    """Of these, those that have this tag. Empty: any."""


class Matches(NamedTuple):
    """The videos that a search finds."""

    hold: Condition
    """The condition that a video is one of them."""
    few: int | None = None
    """There are at most this many, so they are better read by their ids than in another order."""


def find_matches(connection: Connection, search: Search) -> Matches:
    """The videos that `search` finds. Without a catalogue, only an id can match."""
    if search == Search():
        return Matches(lambda _: true())
    if is_empty(connection):
        return _find_ids(connection, search)
    parts = [
        *([(tagged(search.tag), search._replace(tag=""))] if search.tag else []),
        *([(_with_text(connection, search.text), search._replace(text=""))] if search.text else []),
    ]
    for source, rest in parts:
        # If the tag or the text alone finds few videos, by its index, the other one is only a condition on these.
        ids = connection.scalars(source.limit(FEW + 1)).all()
        if len(ids) <= FEW:
            return Matches(partial(_are_of, connection, ids, rest), FEW)
    return Matches(partial(_holds, search))


def _find_ids(connection: Connection, search: Search) -> Matches:
    if search.tag:
        return Matches(lambda _: false(), FEW)
    video_id = video_metrics.c.video_id
    some = select(video_id).where(begins_with(video_id, search.text)).limit(FEW + 1).subquery()
    is_few = connection.scalars(select(func.count()).select_from(some)).one() <= FEW
    return Matches(lambda video_id: begins_with(video_id, search.text), FEW if is_few else None)


def _with_text(connection: Connection, text: str) -> Select[str]:
    """The ids that begin with `text`, and those whose title has its words; of each at most one more than a few."""
    video_id = video_metrics.c.video_id
    begun = select(video_id).where(begins_with(video_id, text)).limit(FEW + 1).subquery()
    named = titled(connection, text).limit(FEW + 1).subquery()
    return select(union(select(begun.c.video_id), select(named.c.video_id)).subquery().c.video_id)


def _are_of(
    connection: Connection, ids: Sequence[str], rest: Search, video_id: ColumnElement[str]
) -> ColumnElement[bool]:
    return and_(one_of(connection, video_id, ids), _holds(rest, video_id))


def _holds(search: Search, video_id: ColumnElement[str]) -> ColumnElement[bool]:
    text = or_(begins_with(video_id, search.text), is_titled(video_id, search.text)) if search.text else true()
    return and_(text, is_tagged(video_id, search.tag) if search.tag else true())
