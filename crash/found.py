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
    created_at: int = 0
    """Microseconds since 1970."""


class Deleted(NamedTuple):
    """A raw event that was deleted, from the database's diary."""

    at: float
    """Seconds since 1970."""
    row: Row


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
    archived: Counter[tuple[str, date, str]] = field(default_factory=Counter)
    """The archived counts by video, day and event."""
    deleted: list[Deleted] = field(default_factory=list)
    """Empty if the database keeps no diary."""
    erased: int = 0
    """How many raw events were erased together with their counts, according to the receipts."""
    unfinished: list[str] = field(default_factory=list)
    """The users in receipts: those whose erasure is not finished."""
    claims: list[str] = field(default_factory=list)
    """The values of the dedupe keys: event ids."""
    ledger: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LEDGER, 0))
    waiting: int = 0
    pending: int = 0
    dead: int = 0

    @property
    def ever(self) -> list[Row]:
        """All rows that were ever recorded. The same event occurs more than once if it was recorded again."""
        return [*self.rows, *(deleted.row for deleted in self.deleted)]


def find(redis: Redis, database: Database, *, with_diary: bool = False) -> Found:
    """Read everything. `with_diary`: the database keeps one. Raises the drivers' errors."""
    columns = "id, video_id, event, user_id, ts, received_at, created_at"
    deleted = database.read(f"SELECT at_ms, {columns} FROM crash_deleted") if with_diary else []
    counts = ", ".join(COUNT_COLUMNS)
    archived = database.read(f"SELECT video_id, day, {counts} FROM video_events_archived")
    erasures = database.read("SELECT user_id, with_counts, raw_events FROM erasures")
    keys = list(redis.scan_iter("dedupe:*", count=1000))
    claims = cast("list[str | None]", redis.mget(keys) if keys else [])
    metrics = database.read(f"SELECT video_id, {counts} FROM video_metrics")
    daily = database.read(f"SELECT video_id, day, {counts} FROM video_metrics_daily")
    totals = database.read(f"SELECT day, {counts} FROM daily_totals")
    held = cast("dict[str, str]", redis.hgetall("pulse:ledger"))
    return Found(
        rows=[_row(*row) for row in database.read(f"SELECT {columns} FROM video_events")],
        metrics=Counter({(video, event): count for video, *its in metrics for event, count in _by_event(its)}),
        daily=_by_video_and_day(daily),
        archived=_by_video_and_day(archived),
        deleted=[Deleted(at_ms / 1000, _row(*row)) for at_ms, *row in deleted],
        erased=sum(count for _, with_counts, count in erasures if with_counts),
        unfinished=[user_id for user_id, *_ in erasures if user_id is not None],
        claims=[claim for claim in claims if claim],
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


def _row(event_id: object, *its: Any) -> Row:
    *same, received_at, created_at = its
    return Row._make((str(event_id), *same, _microseconds(received_at) // 1000, _microseconds(created_at)))


def _by_video_and_day(rows: list[tuple[Any, ...]]) -> Counter[tuple[str, date, str]]:
    return Counter({(video, _day(day), event): count for video, day, *its in rows for event, count in _by_event(its)})


def _by_event(counts: list[int]) -> Iterator[tuple[str, int]]:
    """The counters of a row that are not 0, each with its event."""
    return ((event, count) for event, count in zip(EVENT_TYPES, counts, strict=True) if count)


def _microseconds(at: datetime | str) -> int:
    # SQLite keeps times as text without a zone, in UTC.
    time = datetime.fromisoformat(at) if isinstance(at, str) else at
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _day(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day
