"""Direct access to the tables, not through the application: writes a history, reads counts from the raw events."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import NullPool, create_engine, insert, text

from pulse_analytics.config import Settings
from pulse_analytics.database.models import video_events, video_metrics, video_metrics_daily
from pulse_analytics.events import event_id
from tests.browser.admin.counts import Counts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENT = "watched_50_percent"
ADD_TOTAL = """
    INSERT INTO daily_totals (day, watched_50_count) VALUES (:day, :count)
    ON CONFLICT (day) DO UPDATE SET watched_50_count = daily_totals.watched_50_count + excluded.watched_50_count
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

    def write(self, history: Counts) -> None:
        """Add videos without earlier views: their raw events and all counters."""
        with self._engine.begin() as connection:
            connection.execute(insert(video_events), list(_events(history)))
            connection.execute(insert(video_metrics), list(_metrics(history)))
            connection.execute(insert(video_metrics_daily), list(_daily(history)))
            for day in {day for _, day in history.by_pair}:
                total = history.within(day, day + timedelta(days=1)).total
                connection.execute(text(ADD_TOTAL), {"day": day.isoformat(), "count": total})

    def counts(self) -> Counts:
        """How often each video was watched on each day, counted from the raw events."""
        day = DAY[self._engine.dialect.name]
        query = f"SELECT video_id, {day}, count(*) FROM video_events GROUP BY 1, 2"
        with self._engine.connect() as connection:
            rows = connection.execute(text(query)).all()
        return Counts({(video_id, date.fromisoformat(day)): count for video_id, day, count in rows})


def _events(history: Counts) -> Iterator[dict[str, Any]]:
    """The raw events. A day's n-th viewer watches in its n-th millisecond."""
    for (video_id, day), count in history.by_pair.items():
        begins = datetime.combine(day, time(), UTC)
        for number in range(count):
            when = begins + timedelta(milliseconds=number)
            ts, user_id = int(begins.timestamp()) * 1000 + number, f"viewer-{number}"
            yield {
                "id": event_id(video_id, EVENT, user_id, ts),
                "video_id": video_id,
                "event": EVENT,
                "user_id": user_id,
                "ts": ts,
                "received_at": when,
                "created_at": when,
            }


def _metrics(history: Counts) -> Iterator[dict[str, Any]]:
    for video_id, count in history.by_video().items():
        yield {"video_id": video_id, "watched_50_count": count, "updated_at": datetime.now(UTC)}


def _daily(history: Counts) -> Iterator[dict[str, Any]]:
    for (video_id, day), count in history.by_pair.items():
        yield {"video_id": video_id, "day": day, "watched_50_count": count}
