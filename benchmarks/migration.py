"""A migration under load: how long it takes, and what waits for it meanwhile."""

from __future__ import annotations

import http.client
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy import text

from benchmarks import history
from benchmarks.growth import add_rows
from benchmarks.place import HEADERS, Place
from benchmarks.servers import web_server
from benchmarks.versions import PRESENT, checked_out, environment
from pulse_analytics.database import db
from tests.facts import report, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.place import System

DAYS = 90
QUIET_SECONDS = 10.0
"""How long the load runs before, between and after the migrations."""
DAY = {
    "postgresql": "CAST(to_timestamp(ts / 1000.0) AT TIME ZONE 'UTC' AS date)",
    "sqlite": "date(ts / 1000, 'unixepoch')",
}
AGGREGATES = (
    """INSERT INTO video_metrics_daily (video_id, day, watched_50_count)
       SELECT video_id, {day}, count(*) FROM video_events GROUP BY 1, 2""",
    """INSERT INTO daily_totals (day, watched_50_count)
       SELECT day, sum(watched_50_count) FROM video_metrics_daily GROUP BY 1""",
    """INSERT INTO video_metrics (video_id, watched_50_count, updated_at)
       SELECT video_id, sum(watched_50_count), CURRENT_TIMESTAMP FROM video_metrics_daily GROUP BY 1""",
)


@click.command()
@click.option("--database", default="postgresql", show_default=True, type=click.Choice(["postgresql", "sqlite"]))
@click.option("--rows", default=10_000_000, show_default=True, type=click.IntRange(1), help="Raw events.")
@click.option("--videos", default=100_000, show_default=True, type=click.IntRange(1))
@click.option("--rate", default=300, show_default=True, type=click.IntRange(1), help="Reports per second meanwhile.")
@click.option("--against", default="f7c59a9", show_default=True, help="The version that runs meanwhile: 0.2.0.")
@click.option("--down", default="0004", show_default=True, help="The migration of that version.")
def main(database: str, rows: int, videos: int, rate: int, against: str, down: str) -> None:
    """Fill an earlier version's database, run that version under load, and migrate up to the present one and back."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pulse-migration-")))
        version = stack.enter_context(checked_out(against))
        place = stack.enter_context(Place(folder))
        system = stack.enter_context(place.system(database, version=version))
        started = time.monotonic()
        add_rows(system, rows, videos, rows / (DAYS * 86_400_000))
        by_day = aggregate(system)
        click.echo(
            f"{database}: {rows:,} raw events of {videos:,} videos, {by_day:,} rows by video and day, filled in"
            f" {time.monotonic() - started:.0f} s\n\n"
            "| Meanwhile | seconds | oldest entry that waited, s | slowest report, s | slowest ranking, s | answers |\n"
            "|---|---|---|---|---|---|"
        )
        port = stack.enter_context(web_server(folder, system.env, version)).port
        stack.enter_context(system.worker(2))
        load = Load(system, port, rate)
        stack.enter_context(load.running())
        load.during("the load alone", lambda: time.sleep(QUIET_SECONDS))
        load.during("up", lambda: alembic(system, "upgrade", "head"))
        load.during("the load alone", lambda: time.sleep(QUIET_SECONDS))
        load.during(f"down to {down}", lambda: alembic(system, "downgrade", down))
        load.during("the load alone", lambda: time.sleep(QUIET_SECONDS))
        load.stop()
        alembic(system, "upgrade", "head")
        wait_until(lambda: system.facts.waiting() == 0, 60)
        assert system.facts.rows() == rows + load.accepted
        system.facts.assert_aggregates_exact()
        click.echo(f"\n{load.accepted:,} reports were accepted meanwhile, each counted once.")


class Load:
    """Reports at a steady rate, a ranking again and again, and the oldest entry of the journal."""

    def __init__(self, system: System, port: int, rate: int) -> None:
        self.accepted = 0
        self._system = system
        self._port = port
        self._pause = 1 / rate
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._most: dict[str, float] = {}
        self._answers: Counter[str] = Counter()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run until the context ends."""
        threads = [threading.Thread(target=each) for each in (self._report, self._rank, self._watch)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop()
            for thread in threads:
                thread.join()

    def stop(self) -> None:
        """Send no more."""
        self._ended.set()

    def during(self, what: str, act: Callable[[], object]) -> None:
        """Do something, and print who waited meanwhile."""
        with self._lock:
            self._forget()
        started = time.monotonic()
        act()
        seconds = time.monotonic() - started
        time.sleep(1)  # What waited is answered after the end.
        with self._lock:
            most = " | ".join(f"{self._most.get(name, 0):.2f}" for name in ("entry", "report", "ranking"))
            answers = ", ".join(f"{count} x {name}" for name, count in sorted(self._answers.items()))
        click.echo(f"| {what} | {seconds:.1f} | {most} | {answers} |")

    def _report(self) -> None:
        started = time.monotonic()
        for number in itertools.count():
            time.sleep(max(0.0, started + number * self._pause - time.monotonic()))
            if self._ended.is_set():
                return
            body = json.dumps(report(f"video-{number % 1000}", f"load-{number}"))
            status = self._ask("report", "POST", "/analytics", body, {"Content-Type": "application/json"})
            self.accepted += status == 202

    def _rank(self) -> None:
        while not self._ended.wait(0.1):
            self._ask("ranking", "GET", f"/admin/analytics/top?since={history.days_ago(29)}", None, HEADERS)

    def _watch(self) -> None:
        redis: Any = self._system.facts.redis
        while not self._ended.wait(0.02):
            oldest = redis.xrange("queue:analytics", count=1)
            if oldest:
                self._note("entry", time.time() - int(oldest[0][0].partition("-")[0]) / 1000)

    def _ask(self, name: str, method: str, path: str, body: str | None, headers: dict[str, str]) -> int:
        started = time.monotonic()
        status = 0
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        with suppress(OSError, http.client.HTTPException):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        connection.close()
        self._note(name, time.monotonic() - started, f"{name} {status or 'failed'}")
        return status

    def _note(self, name: str, seconds: float, answer: str = "") -> None:
        with self._lock:
            self._most[name] = max(seconds, self._most.get(name, 0))
            if answer:
                self._answers[answer] += 1


def aggregate(system: System) -> int:
    """Count the raw events into the aggregates. Returns the rows by video and day."""
    with system.app.app_context():
        with db.engine.begin() as connection:
            if db.engine.dialect.name == "postgresql":
                history.have_patience(connection)
            for statement in AGGREGATES:
                connection.execute(text(statement.format(day=DAY[db.engine.dialect.name])))
            rows = connection.execute(text("SELECT count(*) FROM video_metrics_daily")).scalar_one()
        history.analyze()
        db.engine.dispose()
    return int(rows)


def alembic(system: System, *arguments: str) -> None:
    """Run `pulse db` of the present version."""
    command = [sys.executable, "-m", "pulse_analytics", "db", *arguments]
    env = environment({**system.env, **PRESENT.path})
    done = subprocess.run(command, cwd=PRESENT.folder, env=env, check=False, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    main()
