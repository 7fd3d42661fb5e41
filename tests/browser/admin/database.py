"""Direct access to the tables, not through the application: writes a history, reads counts from the raw events."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import NullPool, create_engine, insert, text

from pulse_analytics.config import Settings
from pulse_analytics.database.models import video_events, video_metrics, video_metrics_daily
from pulse_analytics.events import EVENT_TYPES, event_id
from tests.browser.admin.counts import Counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

EVENT = "watched_50_percent"
ADD_TOTAL = """
    INSERT INTO daily_totals (day, {column}) VALUES (:day, :count)
    ON CONFLICT (day) DO UPDATE SET {column} = daily_totals.{column} + excluded.{column}
"""
#: The UTC day of an event, as YYYY-MM-DD. In these tests every `ts` is trusted.
DAY = {
    "sqlite": "date(ts / 1000, 'unixepoch')",
    "postgresql": "to_char(to_timestamp(ts / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}


class Database:
    """A migrated database at a URL."""

    def __init__(self, url: str, folder: Path) -> None:
        # Without a pool, so that no connection outlives a stopped server.
        self._engine = create_engine(
            Settings.parse({"PULSE_DATABASE_URL": url}, folder).database_url, poolclass=NullPool
        )
        self.url = url

    def write(self, history: Counts, **milestones: Counts) -> None:
        """Add videos without earlier events: their raw events and all counters. `milestones` are of other events."""
        by_event = {EVENT: history, **milestones}
        with self._engine.begin() as connection:
            for event, counts in by_event.items():
                connection.execute(insert(video_events), list(_events(event, counts)))
                self._add_totals(connection, event, counts)
            connection.execute(insert(video_metrics), list(_metrics(by_event)))
            connection.execute(insert(video_metrics_daily), list(_daily(by_event)))

    def counts(self, event: str = EVENT) -> Counts:
        """How often each video had this event on each day, counted from the raw events."""
        day = DAY[self._engine.dialect.name]
        query = f"SELECT video_id, {day}, count(*) FROM video_events WHERE event = :event GROUP BY 1, 2"
        with self._engine.connect() as connection:
            rows = connection.execute(text(query), {"event": event}).all()
        return Counts({(video_id, date.fromisoformat(day)): count for video_id, day, count in rows})

    def _add_totals(self, connection: Connection, event: str, counts: Counts) -> None:
        add = text(ADD_TOTAL.format(column=EVENT_TYPES[event].count_column))
        for day in {day for _, day in counts.by_pair}:
            total = counts.within(day, day + timedelta(days=1)).total
            connection.execute(add, {"day": day.isoformat(), "count": total})


def _events(event: str, history: Counts) -> Iterator[dict[str, Any]]:
    """The raw events. A day's n-th viewer watches in its n-th millisecond."""
    for (video_id, day), count in history.by_pair.items():
        begins = datetime.combine(day, time(), UTC)
        for number in range(count):
            when = begins + timedelta(milliseconds=number)
            ts, user_id = int(begins.timestamp()) * 1000 + number, f"viewer-{number}"
            yield {
                "id": event_id(video_id, event, user_id, ts),
                "video_id": video_id,
                "event": event,
                "user_id": user_id,
                "ts": ts,
                "received_at": when,
                "created_at": when,
            }


def _metrics(by_event: Mapping[str, Counts]) -> Iterator[dict[str, Any]]:
    sums = {EVENT_TYPES[event].count_column: counts.by_video() for event, counts in by_event.items()}
    for video_id in sorted({video_id for counts in sums.values() for video_id in counts}):
        yield {
            "video_id": video_id,
            **{column: counts[video_id] for column, counts in sums.items()},
            "updated_at": datetime.now(UTC),
        }


def _daily(by_event: Mapping[str, Counts]) -> Iterator[dict[str, Any]]:
    pairs = {EVENT_TYPES[event].count_column: counts.by_pair for event, counts in by_event.items()}
    for video_id, day in sorted({pair for counts in pairs.values() for pair in counts}):
        of_pair = {column: counts.get((video_id, day), 0) for column, counts in pairs.items()}
        yield {"video_id": video_id, "day": day, **of_pair}
