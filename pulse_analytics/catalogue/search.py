"""The search: videos whose title has some words, or whose id begins with the text.

The last word may be the beginning of one: a page searches while somebody types it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import and_, any_, cast, column, exists, false, func, literal, or_, select, table, true
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from pulse_analytics.catalogue.words import words_of
from pulse_analytics.database import TITLE_SEARCH
from pulse_analytics.database.models import IDENTIFIER, video_catalogue, video_tags
from pulse_analytics.database.postgresql import ArrayText
from pulse_analytics.database.prefix import begins_with

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    Condition: TypeAlias = Callable[[ColumnElement[str]], ColumnElement[bool]]
    """Makes, of a column of video ids, a condition on a row."""

FEW = 2000
"""Up to this many entries are found by the index (20 ms of CPU; 60 ms for 10,000). If more titles have the words,
titles are read in the order of the answer, of which few fill a page."""

_INDEX = {
    "postgresql": table("video_catalogue", column("video_id"), column(TITLE_SEARCH, TSVECTOR)),
    # The column of the table's own name stands for the whole row.
    "sqlite": table(TITLE_SEARCH, column("video_id"), column(TITLE_SEARCH)),
}


def found(connection: Connection, text: str) -> Condition:
    """The condition that a video's title has the words of `text`, or that its id begins with it. Empty: true."""
    if not text:
        return lambda _: true()
    ids = titled(connection, text)
    few = connection.scalars(select(func.count()).select_from(ids.limit(FEW + 1).subquery())).one() <= FEW
    return lambda video_id: or_(begins_with(video_id, text), video_id.in_(ids) if few else is_titled(video_id, text))


def titled(connection: Connection, text: str) -> Select[str]:
    """The ids of the videos whose title has the words of `text`, from the full text index; none if it has no words."""
    dialect = connection.dialect.name
    index, words = _INDEX[dialect].c, words_of(text)
    if not words:
        return select(index.video_id).where(false())
    # Words hold letters and digits only, so nothing in them needs to be escaped.
    if dialect == "sqlite":
        wanted = " ".join(f'"{word}"' for word in words) + "*"
        return select(index.video_id).where(index[TITLE_SEARCH].op("MATCH")(wanted))
    wanted = " & ".join(f"'{word}'" for word in words) + ":*"
    return select(index.video_id).where(index[TITLE_SEARCH].op("@@")(cast(wanted, TSQUERY)))


# Not EXISTS: PostgreSQL would first read the whole catalogue into a hash table, which takes longer than a page.
def is_titled(video_id: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """The condition that `video_id` is one of `titled`, found in its title and not in the index."""
    words = words_of(text)
    if not words:
        return false()
    entry = video_catalogue.alias().c  # The query may be of the catalogue itself.
    spaced = " " + entry.title_words + " "
    has_words = and_(*(spaced.like(f"% {word} %") for word in words[:-1]), spaced.like(f"% {words[-1]}%"))
    return select(has_words).where(entry.video_id == video_id).scalar_subquery()


def tagged(tag: str) -> Select[str]:
    """The ids of the videos that have this tag."""
    return select(video_tags.c.video_id).where(video_tags.c.tag == tag)


def is_tagged(video_id: ColumnElement[str], tag: str) -> ColumnElement[bool]:
    """The condition that `video_id` is one of `tagged`, looked up for this video alone."""
    its = video_tags.c
    return select(its.tag == tag).where(its.tag == tag, its.video_id == video_id).scalar_subquery()


def one_of(connection: Connection, video_id: ColumnElement[str], ids: Sequence[str]) -> ColumnElement[bool]:
    """The condition that `video_id` is one of `ids`: one parameter, so that the statement's text is always the same."""
    if not ids:
        return false()
    if connection.dialect.name == "sqlite":
        return video_id.in_(select(func.json_each(json.dumps(ids)).table_valued("value").c.value))
    return video_id == any_(literal(ids, ArrayText(IDENTIFIER)))


def is_empty(connection: Connection) -> bool:
    """Whether no video has an entry."""
    return not connection.scalar(select(exists(select(video_catalogue.c.video_id))))
