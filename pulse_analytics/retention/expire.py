"""Which raw events were received too long ago. In the archive their counts stay, and who watched is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pulse_analytics import config
from pulse_analytics.database import db
from pulse_analytics.database.models import video_events
from pulse_analytics.events import is_event_id
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.retention.archive import only_count

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


def received_before(days: int) -> ColumnElement[bool]:
    """The condition of raw events that were received more than `days` days ago.

    By the server's clock, because a player's may be years off.
    """
    return video_events.c.received_at < datetime.now(UTC) - timedelta(days=days)


def count_taken(rows: ColumnElement[bool]) -> int:
    """How many raw events of `rows` stay, because their entries are taken and not settled."""
    taken = sorted(filter(is_event_id, current_journal().taken_events()))
    with db.engine.connect() as connection:
        return sum(
            only_count(connection, rows & video_events.c.id.in_(taken[start : start + config.ARCHIVE_SIZE]))
            for start in range(0, len(taken), config.ARCHIVE_SIZE)
        )
