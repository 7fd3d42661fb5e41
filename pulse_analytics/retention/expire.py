"""Archive the raw events that were received too long ago. Their counts stay, and who watched is no longer known."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pulse_analytics import config
from pulse_analytics.database import db
from pulse_analytics.database.models import video_events
from pulse_analytics.events import is_event_id
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.retention.archive import archive, sweep_slice

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Connection

    from pulse_analytics.retention.archive import Act


def received_before(days: int) -> ColumnElement[bool]:
    """The condition of raw events that were received more than `days` days ago.

    By the server's clock, because a player's may be years off.
    """
    return video_events.c.received_at < datetime.now(UTC) - timedelta(days=days)


def expire(
    rows: ColumnElement[bool],
    after: str | None = None,
    *,
    seconds: float = math.inf,
    act: Act = archive,
    looked: Callable[[], object] = bool,
) -> tuple[int, str | None]:
    """Archive the raw events of `rows`, slice by slice from the id `after` on, until `seconds` are over.

    Calls `looked` after each slice. Returns how many raw events went, and where to go on (None: that was all). Events
    may flow meanwhile, and others may do the same. If it is killed, do it again. Raises RedisError or SQLAlchemyError.
    """
    gone, until = 0, time.monotonic() + seconds
    while True:
        more, after = sweep_slice(rows, after, act)
        gone += more
        looked()
        if after is None or time.monotonic() >= until:
            return gone, after
        if db.engine.dialect.name == "sqlite":
            time.sleep(config.ARCHIVE_PAUSE_SECONDS)


def only_count(connection: Connection, rows: ColumnElement[bool]) -> int:
    """Instead of `archive`: change nothing."""
    return connection.scalar(select(func.count()).where(rows)) or 0


def count_taken(rows: ColumnElement[bool]) -> int:
    """How many raw events of `rows` stay, because their entries are taken and not settled."""
    taken = sorted(filter(is_event_id, current_journal().taken_events()))
    with db.engine.connect() as connection:
        return sum(
            only_count(connection, rows & video_events.c.id.in_(taken[start : start + config.ARCHIVE_SIZE]))
            for start in range(0, len(taken), config.ARCHIVE_SIZE)
        )
