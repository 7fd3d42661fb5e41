"""What the system holds, read directly with Redis commands and SQL, not through the application."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from pulse_analytics.database import db
from pulse_analytics.events import DEFAULT_EVENT, EVENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from redis import Redis

LEDGER = ("accepted", "duplicate", "settled", "parked", "dropped")


def report(video_id: str = "v1", user_id: str = "u1", ts: Any = None, **changes: Any) -> dict[str, Any]:
    """A report as a player sends it. A change `name=None` removes that field."""
    ts = time.time_ns() // 1_000_000 if ts is None else ts
    fields = {"videoId": video_id, "event": "watched_50_percent", "userId": user_id, "ts": ts, **changes}
    return {name: value for name, value in fields.items() if value is not None}


def wait_until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until `true()` is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.02)


class Facts:
    """Reads the database and Redis as an operator with `psql` and `redis-cli` would."""

    def __init__(self, app: Flask, redis: Redis) -> None:
        self.app = app
        self.redis: Any = redis

    def sql(self, query: str, **parameters: object) -> list[Any]:
        """Run a statement in its own transaction. Returns the rows of a query, none for other statements."""
        with self.app.app_context(), db.engine.begin() as connection:
            result = connection.execute(text(query), parameters)
            return list(result) if result.returns_rows else []

    @property
    def postgresql(self) -> bool:
        """Whether the database is PostgreSQL."""
        with self.app.app_context():
            return db.engine.dialect.name == "postgresql"

    def rows(self) -> int:
        """How many raw events there are."""
        return int(self.sql("SELECT count(*) FROM video_events")[0][0])

    def counts(self, event: str = DEFAULT_EVENT) -> dict[str, int]:
        """The counters by video, of this event type; a video without any is absent."""
        count = EVENT_TYPES[event].count_column
        return dict(tuple(row) for row in self.sql(f"SELECT video_id, {count} FROM video_metrics WHERE {count} > 0"))

    def waiting(self) -> int:
        """How many entries the journal holds."""
        return int(self.redis.xlen("queue:analytics"))

    def parked(self) -> int:
        """How many dead letters there are."""
        return int(self.redis.xlen("queue:analytics:dead"))

    def pending(self) -> int:
        """How many entries a consumer has taken and not settled."""
        groups = self.redis.xinfo_groups("queue:analytics") if self.redis.exists("queue:analytics") else []
        return sum(group["pending"] for group in groups)

    def held(self) -> int:
        """How many of the pending entries are of events that no worker knew."""
        groups = self.redis.xinfo_groups("queue:analytics") if self.redis.exists("queue:analytics") else []
        return sum(group["pending"] for group in groups if group["name"] == "unknown")

    def ledger(self) -> dict[str, int]:
        """The journal's own counters."""
        held = self.redis.hgetall("pulse:ledger")
        return {name: int(held.get(name, 0)) for name in LEDGER}

    def wait_until_settled(self, seconds: float = 20.0) -> None:
        """Wait until the journal is empty, and check that everything adds up."""
        wait_until(lambda: self.waiting() == 0, seconds)
        self.assert_exact()

    def assert_exact(self) -> None:
        """Assert that every aggregate equals the number of its events, and that the ledger adds up."""
        self.assert_aggregates_exact()
        ledger = self.ledger()
        assert ledger["parked"] == self.parked()
        accounted = ledger["settled"] + self.waiting() + ledger["parked"] + ledger["dropped"]
        assert ledger["accepted"] + self.foreign == accounted

    def archived(self) -> int:
        """How many raw events were deleted while their counts stayed."""
        counts = " + ".join(kind.count_column for kind in EVENT_TYPES.values())
        return int(self.sql(f"SELECT coalesce(sum({counts}), 0) FROM video_events_archived")[0][0])

    def assert_aggregates_exact(self) -> None:
        """Assert that every aggregate equals the number of its raw and archived events."""
        for event in EVENT_TYPES:
            self._assert_exact(event)

    def _assert_exact(self, event: str) -> None:
        count = EVENT_TYPES[event].count_column
        raw = self.sql(
            f"""SELECT video_id, sum(n) FROM (
                SELECT video_id, count(*) AS n FROM video_events WHERE event = :event GROUP BY 1
                UNION ALL SELECT video_id, {count} FROM video_events_archived WHERE {count} > 0
            ) AS kept GROUP BY 1""",
            event=event,
        )
        assert self.counts(event) == dict(map(tuple, raw))
        daily = f"FROM video_metrics_daily WHERE {count} > 0 GROUP BY 1 ORDER BY 1"
        assert dict(map(tuple, self.sql(f"SELECT video_id, sum({count}) {daily}"))) == dict(map(tuple, raw))
        totals = self.sql(f"SELECT day, {count} FROM daily_totals WHERE {count} > 0 ORDER BY day")
        assert totals == self.sql(f"SELECT day, sum({count}) {daily}")

    foreign = 0
    """Entries that the test wrote into the journal itself, not through the application."""

    def close(self) -> None:
        """Close the connections."""
        self.redis.close()
