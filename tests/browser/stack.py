"""`pulse up` with a separate Valkey that tests may kill."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import urllib3
from redis import Redis

from pulse_analytics.events import COUNT_COLUMNS, DEFAULT_EVENT, EVENT_TYPES
from tests.facts import wait_until
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_http = urllib3.PoolManager(retries=False, timeout=10)
_START_SECONDS = 60
_SETTLE_SECONDS = 1.0


class Ledger(NamedTuple):
    """How many reports the API answered with 202 and with 200."""

    accepted: int
    duplicate: int

    def __sub__(self, earlier: Ledger) -> Ledger:
        return Ledger(self.accepted - earlier.accepted, self.duplicate - earlier.duplicate)


class Stack:
    """Valkey, database, web and worker, which accept all events. The context's exit ends all of them."""

    def __init__(self, folder: Path, cors_origins: Sequence[str]) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._database = folder / "var" / "pulse.db"
        self._valkey = start_valkey(folder / "valkey")
        self._redis: Redis = Redis.from_url(self._valkey.url, decode_responses=True)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
        self.folder = folder
        self.env = {
            "PULSE_DATA_DIR": str(folder / "var"),
            "PULSE_REDIS_URL": self._valkey.url,
            "PULSE_CORS_ORIGINS": ", ".join(cors_origins),
            "PULSE_EVENTS": "all",
            "PULSE_PORT": str(port),
            "PULSE_FLOWER_PORT": "0",
        }
        command = [sys.executable, "-m", "pulse_analytics", "up"]
        self._up = LocalProcess(command, folder, name="up", env={**clean, **self.env})

    def __enter__(self) -> Self:
        self._up.start()
        wait_until(lambda: b"pulse is up" in self._up.logs() or self._up.status == "exited", _START_SECONDS)
        assert self._up.status == "running", self._up.logs().decode()
        return self

    def __exit__(self, *_: object) -> None:
        self._up.stop(timeout=20)
        self._redis.close()
        self._valkey.teardown()

    def kill_valkey(self) -> None:
        """Kill Valkey: from now on the API answers 503 with Retry-After."""
        self._valkey.kill("SIGKILL")

    def start_valkey(self) -> None:
        """Start Valkey: from now on the API answers 202 again."""
        self._valkey.start()
        wait_until(lambda: _http.request("GET", f"{self.url}/readyz").status == 200, 30)

    def ledger(self) -> Ledger:
        """How many reports have arrived so far."""
        held: Any = self._redis.hgetall("pulse:ledger")
        return Ledger(int(held.get("accepted", 0)), int(held.get("duplicate", 0)))

    def suppressed(self) -> int:
        """How many crossings players have suppressed so far."""
        held: Any = self._redis.hget("pulse:ledger", "suppressed")
        return int(held or 0)

    def count(self, video_id: str) -> int:
        """How often half of a video was watched."""
        return self.counts(video_id)[DEFAULT_EVENT]

    def counts(self, video_id: str) -> dict[str, int]:
        """The counter of each event of a video, which must equal the number of its raw events."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN")
            query = f"SELECT {', '.join(COUNT_COLUMNS)} FROM video_metrics WHERE video_id = ?"
            row = connection.execute(query, (video_id,)).fetchone() or [0] * len(COUNT_COLUMNS)
            query = "SELECT event, count(*) FROM video_events WHERE video_id = ? GROUP BY event"
            raw = dict(connection.execute(query, (video_id,)).fetchall())
        counts = dict(zip(EVENT_TYPES, row, strict=True))
        assert counts == dict.fromkeys(EVENT_TYPES, 0) | raw
        return counts

    def wait_until_counted(self, expected: dict[str, int], seconds: float = 45.0) -> None:
        """Wait until the videos' counts are `expected`."""
        deadline = time.monotonic() + seconds
        while (counts := self._counts(expected)) != expected:
            assert time.monotonic() < deadline, f"{counts} and not {expected} after {seconds} s"
            time.sleep(0.05)

    def assert_stays(self, expected: dict[str, int]) -> None:
        """Assert that nothing waits to be counted, and that a second later the videos' counts are still `expected`."""
        wait_until(lambda: self._redis.xlen("queue:analytics") == 0)
        settled = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < settled:
            assert self._counts(expected) == expected
            time.sleep(0.1)
        assert self._redis.xlen("queue:analytics") == 0

    def send_again(self, video_ids: list[str]) -> int:
        """Send every counted report of these videos again, twice; before the second time, delete its dedupe key.

        The first time it is a duplicate. The second time it is accepted, and the database's primary key must prevent a
        second count. Returns the number of reports.
        """
        reports = [report for video_id in video_ids for report in self._reports(video_id)]
        for report in reports:
            assert self._post(report) == (200, "duplicate")
            suffix = EVENT_TYPES[report["event"]].dedupe_suffix
            assert self._redis.delete(f"dedupe:video:{report['videoId']}:user:{report['userId']}:{suffix}") == 1
            assert self._post(report) == (202, "queued")
        return 2 * len(reports)

    def arrivals(self, video_id: str) -> int:
        """At how many times events of a video arrived: those of one request arrive at one."""
        query = "SELECT count(DISTINCT received_at) FROM video_events WHERE video_id = ?"
        with closing(self._connect()) as connection:
            return int(connection.execute(query, (video_id,)).fetchone()[0])

    def viewers(self, video_id: str) -> list[str]:
        """The viewers for whom a video counted."""
        return [report["userId"] for report in self._reports(video_id)]

    def _post(self, report: dict[str, Any]) -> tuple[int, str]:
        answer = _http.request("POST", f"{self.url}/analytics", json=report)
        return answer.status, answer.json().get("status")

    def _counts(self, videos: dict[str, int]) -> dict[str, int]:
        return {video_id: self.count(video_id) for video_id in videos}

    def _reports(self, video_id: str) -> list[dict[str, Any]]:
        query = "SELECT video_id, event, user_id, ts FROM video_events WHERE video_id = ?"
        with closing(self._connect()) as connection:
            rows = connection.execute(query, (video_id,)).fetchall()
        return [dict(zip(("videoId", "event", "userId", "ts"), row, strict=True)) for row in rows]

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)
