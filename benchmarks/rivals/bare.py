"""The upper limit of counting: the recorder's own SQL in a bare psycopg loop, from events that are already in memory.

It is a partner (benchmarks/partner.py) of the measuring process, which passes it the statements. They are captured from
a call of `record()`, so that both always do the same work in the database.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import event

from benchmarks.partner import serve
from benchmarks.traffic import Reports
from pulse_analytics.database import db
from pulse_analytics.database.postgresql import array_text
from pulse_analytics.ingest.recorder import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from flask import Flask

    from pulse_analytics.events import Event

    Columns: TypeAlias = dict[str, list[Any]]
    Spell: TypeAlias = Callable[[Columns], dict[str, Any]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000


def listen(app: Flask, events: Sequence[Event]) -> list[str]:
    """The SQL with which the recorder of `app` records these events: the insert, then the three counters."""
    said: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        record(events)
        event.remove(db.engine, "before_cursor_execute", note)
    return said


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Connect and generate the events. Returns a function that records them.

    `spelt`: it writes arrays as text, as the recorder does, instead of leaving that to psycopg.
    """
    batches = list(Reports(**job["reports"]).batches())
    connection = psycopg.connect(job["url"])
    insert, *counts = job["statements"]
    spell = _spelt if job["spelt"] else dict

    def work() -> dict[str, Any]:
        for batch in batches:
            _record(connection, insert, counts, batch, spell)
        connection.close()
        return {}

    return work


def _record(
    connection: psycopg.Connection, insert: str, counts: Sequence[str], events: Sequence[Event], spell: Spell
) -> None:
    """Record these events in one transaction."""
    by_id = {each.id: each for each in events}
    with connection.transaction():
        rows = connection.execute(insert, spell(_columns([by_id[each] for each in sorted(by_id)]))).fetchall()
        rises = _rises([by_id[str(row[0])] for row in rows])
        for statement, parameters in zip(counts, rises, strict=True):
            connection.execute(statement, spell(parameters))


def _spelt(columns: Columns) -> dict[str, Any]:
    """The arrays as text, as the recorder writes them, which is faster than psycopg's own conversion."""
    return {name: array_text(values) for name, values in columns.items()}


def _columns(events: Sequence[Event]) -> Columns:
    """The raw events, as one array per column."""
    return {
        "id_array": [each.id for each in events],
        "video_id_array": [each.video_id for each in events],
        "event_array": [each.event for each in events],
        "user_id_array": [each.user_id for each in events],
        "ts_array": [each.ts for each in events],
        "received_at_array": [_EPOCH + timedelta(milliseconds=each.received_at) for each in events],
        "created_at_array": [datetime.now(UTC)] * len(events),
    }


def _rises(new: Sequence[Event]) -> Iterator[Columns]:
    """By how much the counters rise: by video, by video and day, by day."""
    days = sorted(Counter((each.video_id, _day(each.ts // _DAY_MS)) for each in new).items())
    videos = sorted(Counter(each.video_id for each in new).items())
    totals = sorted(Counter(_day(each.ts // _DAY_MS) for each in new).items())
    yield {
        "video_id_array": [video for video, _ in videos],
        "watched_50_count_array": [count for _, count in videos],
        "updated_at_array": [datetime.now(UTC)] * len(videos),
    }
    yield {
        "video_id_array": [video for (video, _), _ in days],
        "day_array": [day for (_, day), _ in days],
        "watched_50_count_array": [count for _, count in days],
    }
    yield {"day_array": [day for day, _ in totals], "watched_50_count_array": [count for _, count in totals]}


@cache
def _day(number: int) -> date:
    """The day `number` days after 1970-01-01."""
    return _EPOCH.date() + timedelta(days=number)


if __name__ == "__main__":
    serve(prepare)
