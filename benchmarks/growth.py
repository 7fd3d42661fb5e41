"""growth: do counting and the ranking get slower as the numbers of raw events and videos grow?

There is a system of each size with its own worker. The sizes are measured in turn; the other workers are frozen.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, redirect_stdout
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from benchmarks import history
from benchmarks.figures import Board, Compare, percentile
from benchmarks.place import HEADERS, System
from benchmarks.servers import drain
from pulse_analytics.database import db

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.place import Place
    from benchmarks.sizes import Sizes
    from tests.servers.worker import WorkerContainer

SECTION = "growth"
FEW_VIDEOS = 1_000
"""The number of videos in the systems that differ in their raw events."""
WARM_UP = 1_000
"""Events that are counted before the rounds."""
DAYS = 30
"""The length of the history in the systems that differ in their videos."""
RANKINGS = {"the ranking": "/admin/analytics/top", "the ranking of 7 days": "/admin/analytics/top?since={since}"}

PER_MS = 8
"""Raw events per ms. The rate changes nothing but their range of time."""
# Raw events of the past, with ids like those of event_id(): the time, then random bits.
FILL = {
    "postgresql": """
        INSERT INTO video_events (id, video_id, event, user_id, ts, received_at, created_at)
        SELECT CAST(lpad(to_hex(ms), 12, '0') || '8' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15) AS uuid),
               'video-' || (n % :videos), 'watched_50_percent',
               lpad(to_hex(n), 8, '0') || '-0000-4000-9000-000000000000', ms, to_timestamp(ms / 1000.0),
               CURRENT_TIMESTAMP
        FROM (SELECT n, CAST(:until - (:rows - n) / :per_ms AS bigint) AS ms, md5(CAST(n AS text)) AS hash
              FROM generate_series(1, CAST(:rows AS bigint)) AS n) AS numbered""",
    "sqlite": """
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows)
        INSERT INTO video_events (id, video_id, event, user_id, ts, received_at, created_at)
        SELECT printf('%08x-%04x-8%03x-8%03x-%012x', ms >> 16, ms & 65535, abs(random()) % 4096,
                      abs(random()) % 4096, abs(random()) % 281474976710656),
               'video-' || (n % :videos), 'watched_50_percent', printf('%08x-0000-4000-9000-000000000000', n),
               ms, strftime('%Y-%m-%d %H:%M:%f000', ms / 1000.0, 'unixepoch'), datetime('now') || '.000000'
        FROM (SELECT n, CAST(:until - (:rows - n) / :per_ms AS integer) AS ms FROM numbers) AS numbered""",
}


class Kind(NamedTuple):
    """What the systems of a comparison differ in."""

    name: str
    sizes: tuple[int, ...]
    make: Callable[[System, int], None]
    """Fills an empty system to a size."""
    videos: Callable[[int], int]
    """How many videos get views at a size."""


class Grown(NamedTuple):
    """A system of a size, and its worker."""

    size: int
    system: System
    worker: WorkerContainer


def measure(place: Place, sizes: Sizes, board: Board) -> None:
    """Measure on each database: systems with more and more raw events, then with more and more videos."""
    for database in sizes.databases:
        for kind in (
            Kind("raw events", sizes.growth_rows, add_rows, lambda _: FEW_VIDEOS),
            Kind("videos", sizes.growth_videos, add_videos, lambda size: size),
        ):
            with ExitStack() as stack:
                systems = [_grow(place, board, stack, database, kind, number) for number in range(len(kind.sizes))]
                for _ in range(sizes.rounds):
                    for grown in systems:
                        _count(place, sizes, board, f"{kind.name}, {database}", grown, kind.videos(grown.size))
                        _rank(sizes, board, f"{kind.name}, {database}", grown)
    board.remark(
        SECTION,
        f"One worker process; per round and size, {sizes.growth_events:,} events are counted and {sizes.growth_calls} "
        "rankings of each kind requested through Flask's test client.",
    )


def _grow(place: Place, board: Board, stack: ExitStack, database: str, kind: Kind, number: int) -> Grown:
    """Create the system of one size, on Valkey's database `number`."""
    size = kind.sizes[number]
    system = stack.enter_context(place.system(database, number))
    started = time.monotonic()
    kind.make(system, size)
    board.remark(SECTION, f"{database}, {size:,} {kind.name}: made in {time.monotonic() - started:.1f} s.")
    worker = stack.enter_context(system.worker(1))
    # The worker compiles its SQL statements in its first transactions.
    drain(system, worker, place.reports(WARM_UP, kind.videos(size)))
    worker.process.pause()
    return Grown(size, system, worker)


def _count(place: Place, sizes: Sizes, board: Board, name: str, grown: Grown, videos: int) -> None:
    rate = drain(grown.system, grown.worker, place.reports(sizes.growth_events, videos))
    grown.worker.process.pause()
    board.add(SECTION, f"counting, by {name}", "events/s", rate, f"{grown.size:,}", compare=Compare.BASE)


def _rank(sizes: Sizes, board: Board, name: str, grown: Grown) -> None:
    for ranking, path in RANKINGS.items():
        times = _ask(grown.system, path.format(since=history.days_ago(6)), sizes.growth_calls)
        for percent in (50, 99):
            latency = percentile(times, percent) * 1000
            unit = f"p{percent} ms"
            board.add(SECTION, f"{ranking}, by {name}", unit, latency, f"{grown.size:,}", compare=Compare.BASE)


def _ask(system: System, path: str, calls: int) -> list[float]:
    """How long each call took, in s, after one call to warm up."""
    client, times = system.client(), []
    for _ in range(1 + calls):
        started = time.perf_counter()
        answer = client.get(path, headers=HEADERS)
        times.append(time.perf_counter() - started)
        assert answer.status_code == 200, answer.get_json()
    return times[1:]


def add_rows(system: System, rows: int, videos: int = FEW_VIDEOS, per_ms: float = PER_MS) -> None:
    """Add this many raw events without counting them, the last one a minute ago."""
    with system.app.app_context():
        postgresql = db.engine.dialect.name == "postgresql"
        with db.engine.begin() as connection:
            if postgresql:
                history.have_patience(connection)
            until = time.time_ns() // 1_000_000 - 60_000
            parameters = {"rows": rows, "until": until, "videos": videos, "per_ms": per_ms}
            connection.execute(text(FILL[db.engine.dialect.name]), parameters)
        history.analyze()
        db.engine.dispose()


def add_videos(system: System, videos: int) -> None:
    """Add a history of this many videos."""
    # It prints its progress, and stdout is reserved for the table.
    with system.app.app_context(), redirect_stdout(sys.stderr):
        history.fill(history.History(videos, DAYS, videos, 1.0))
        db.engine.dispose()
