"""Everything that is held about one user, as JSON. It is read and written in parts, so memory is bounded."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pulse_analytics import config
from pulse_analytics.database import db
from pulse_analytics.database.models import video_events
from pulse_analytics.database.slices import slice_after
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.retention.receipts import unfinished_of
from pulse_analytics.retention.traces import are_of, forms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAMES = {"id": "id", "video_id": "videoId", "event": "event", "user_id": "userId", "ts": "ts"}
_TIMES = {"received_at": "receivedAt", "created_at": "createdAt"}


def export_user(user_id: str) -> Iterator[str]:
    """The text of one JSON document, in pieces. Raises RedisError or SQLAlchemyError, also in its middle."""
    forms = forms_of(user_id)
    traces = current_journal().traces
    # The journal before the raw events: an entry that is recorded in between is in both, and none is missing.
    parts: dict[str, Iterable[object]] = {
        "journal": ({"entry": entry.id, **entry.fields} for entry in traces.entries(forms)),
        "deadLetters": ({"letter": letter.id, **letter.fields} for letter in traces.letters(forms)),
        "rawEvents": _raw_events(forms),
        "dedupeKeys": (
            {"key": key.name, "eventId": key.event_id, "ttlSeconds": key.ttl_ms / 1000}
            for form in forms
            for key in traces.keys(form)
        ),
        "erasures": _erasures(forms),
    }
    yield f'{{\n"userId": {json.dumps(user_id)},\n"forms": {json.dumps(forms)}'
    for name, items in parts.items():
        yield f',\n"{name}": ['
        between = "\n"
        for item in items:
            yield f"{between}{json.dumps(item)}"
            between = ",\n"
        yield "]"
    yield "\n}\n"


def _raw_events(forms: list[str]) -> Iterator[dict[str, Any]]:
    """The user's raw events, in the order of their ids."""
    after = None
    with db.engine.connect() as connection:
        while True:
            with connection.begin():  # A snapshot that lives for long would keep the database from cleaning up.
                part = slice_after(connection, video_events.c.id, after, config.RECOUNT_SIZE)
                mine = select(video_events).where(part.condition, are_of(forms)).order_by(video_events.c.id)
                rows = connection.execute(mine.limit(config.EXPORT_SIZE)).mappings().all()
            for row in rows:
                times = {name: row[column].isoformat() for column, name in _TIMES.items()}
                yield {name: row[column] for column, name in _NAMES.items()} | times
            after = rows[-1]["id"] if len(rows) == config.EXPORT_SIZE else part.last
            if after is None:
                return


def _erasures(forms: list[str]) -> Iterator[dict[str, Any]]:
    with db.engine.connect() as connection:
        unfinished = unfinished_of(connection, forms)
    for erasure in unfinished:
        each = erasure._asdict()
        yield {name: value.isoformat() if isinstance(value, datetime) else value for name, value in each.items()}
