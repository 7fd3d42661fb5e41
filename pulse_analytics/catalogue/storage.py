"""Write and read the catalogue. No other module writes its tables."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, true
from sqlalchemy.dialects import postgresql, sqlite

from pulse_analytics.catalogue.entries import Entry
from pulse_analytics.catalogue.search import found
from pulse_analytics.catalogue.words import words_of
from pulse_analytics.database import changing, reading
from pulse_analytics.database.models import video_catalogue, video_tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from pulse_analytics.catalogue.entries import Listing

_VIDEO_ID = video_catalogue.c.video_id
_SHOWN = [column for column in video_catalogue.c if column.name not in {"title_words", "updated_at"}]


def replace(entries: Sequence[Entry]) -> None:
    """Store all these entries, each in place of the one that its video had, or none.

    Doing it again changes nothing. Raises TryAgain if the database does not answer.
    """
    # In the order of the key, and the catalogue's rows before their tags: so two requests wait for each other, but do
    # not deadlock.
    ordered = sorted(entries, key=lambda entry: entry.video_id)
    tags = [{"tag": tag, "video_id": entry.video_id} for entry in ordered for tag in entry.tags]
    with changing() as connection:
        _write(connection, ordered)
        connection.execute(delete(video_tags).where(video_tags.c.video_id.in_([entry.video_id for entry in ordered])))
        if tags:
            connection.execute(insert(video_tags), tags)


def remove(video_ids: Sequence[str]) -> int:
    """Delete the entries of these videos. Returns how many there were. Raises TryAgain like `replace`."""
    with changing() as connection:
        # Locked in the order of the key, as `replace` does.
        its = select(_VIDEO_ID).where(_VIDEO_ID.in_(video_ids)).order_by(_VIDEO_ID).with_for_update()
        stored = connection.scalars(its).all()
        for table in (video_tags, video_catalogue):
            connection.execute(delete(table).where(table.c.video_id.in_(stored)))
        return len(stored)


def page(asked: Listing) -> tuple[list[Entry], str | None]:
    """A page of the catalogue, by id, and its last id if more follow. Raises TryAgain like `replace`."""
    with reading() as connection:
        after = true() if asked.after is None else asked.after < _VIDEO_ID
        ids = select(_VIDEO_ID).where(after, found(connection, asked.text)(_VIDEO_ID)).order_by(_VIDEO_ID)
        some = connection.scalars(ids.limit(asked.limit + 1)).all()
        entries = entries_of(connection, some[: asked.limit])
        last = some[asked.limit - 1] if len(some) > asked.limit else None
        return [entries[video_id] for video_id in sorted(entries)], last


def entries_of(connection: Connection, video_ids: Sequence[str]) -> dict[str, Entry]:
    """The entries of these videos; a video without one is absent."""
    rows = connection.execute(select(*_SHOWN).where(_VIDEO_ID.in_(video_ids))).mappings().all()
    tags = defaultdict(list)
    if rows:
        its = select(video_tags).where(video_tags.c.video_id.in_(video_ids)).order_by(video_tags.c.tag)
        for tag, video_id in connection.execute(its):
            tags[video_id].append(tag)
    return {row["video_id"]: Entry(**row, tags=tuple(tags[row["video_id"]])) for row in rows}


def _write(connection: Connection, entries: Sequence[Entry]) -> None:
    now = datetime.now(UTC)
    rows = [
        {column.name: getattr(entry, column.name) for column in _SHOWN}
        | {"title_words": " ".join(words_of(entry.title or "")), "updated_at": now}
        for entry in entries
    ]
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    upsert = dialect.insert(video_catalogue)
    changed = {column.name: upsert.excluded[column.name] for column in video_catalogue.c if not column.primary_key}
    connection.execute(upsert.on_conflict_do_update(index_elements=[_VIDEO_ID], set_=changed), rows)
