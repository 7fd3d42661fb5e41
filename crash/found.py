"""What Redis and the database hold at the end, read directly: not through the application or the links."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from redis.exceptions import RedisError

from pulse_analytics.events import COUNT_COLUMNS, EVENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis

    from crash.database import Database

LEDGER = ("accepted", "settled", "parked", "dropped")


class Row(NamedTuple):
    """A raw event."""

    id: str
    video_id: str
    event: str
    user_id: str
    ts: int
    received_at: int
    """Ms since 1970."""


@dataclass(kw_only=True)
class Found:
    """Everything that Redis and the database hold."""

    rows: list[Row]
    metrics: Counter[tuple[str, str]]
    """The counters by video and event."""
    daily: Counter[tuple[str, date, str]]
    """The counters by video, day and event."""
    totals: Counter[tuple[date, str]]
    """The counters by day and event."""
    ledger: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LEDGER, 0))
    waiting: int = 0
    pending: int = 0
    dead: int = 0


def find(redis: Redis, database: Database) -> Found:
    """Read everything. Raises the drivers' errors."""
    query = "SELECT id, video_id, event, user_id, ts, received_at FROM video_events"
    counts = ", ".join(COUNT_COLUMNS)
    metrics = database.read(f"SELECT video_id, {counts} FROM video_metrics")
    daily = database.read(f"SELECT video_id, day, {counts} FROM video_metrics_daily")
    totals = database.read(f"SELECT day, {counts} FROM daily_totals")
    held = cast("dict[str, str]", redis.hgetall("pulse:ledger"))
    return Found(
        rows=[Row._make((str(row[0]), *row[1:5], _milliseconds(row[5]))) for row in database.read(query)],
        metrics=Counter({(video, event): count for video, *its in metrics for event, count in _by_event(its)}),
        daily=Counter(
            {(video, _day(day), event): count for video, day, *its in daily for event, count in _by_event(its)}
        ),
        totals=Counter({(_day(day), event): count for day, *its in totals for event, count in _by_event(its)}),
        ledger={name: int(held.get(name, 0)) for name in LEDGER},
        waiting=redis.xlen("queue:analytics"),
        pending=count_pending(redis),
        dead=redis.xlen("queue:analytics:dead"),
    )


def is_drained(redis: Redis) -> bool:
    """Whether the journal is empty. False if Redis does not answer."""
    try:
        return redis.xlen("queue:analytics") == 0 and count_pending(redis) == 0
    except RedisError:
        return False


def count_pending(redis: Redis) -> int:
    """How many entries a consumer has taken and not settled."""
    if not redis.exists("queue:analytics"):
        return 0
    return sum(int(group["pending"]) for group in cast("Any", redis.xinfo_groups("queue:analytics")))


def _by_event(counts: list[int]) -> Iterator[tuple[str, int]]:
    """The counters of a row that are not 0, each with its event."""
    return ((event, count) for event, count in zip(EVENT_TYPES, counts, strict=True) if count)


def _milliseconds(at: datetime | str) -> int:
    # SQLite keeps times as text without a zone, in UTC.
    time = datetime.fromisoformat(at) if isinstance(at, str) else at
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _day(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day
