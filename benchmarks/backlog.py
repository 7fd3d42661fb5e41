"""A journal of a million events: what it takes in memory, what it slows down, and how it drains to exact counts."""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.events import Event, event_id
from tests.conftest import TOKEN, migrate
from tests.facts import Facts, report
from tests.servers import reaper
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import start_valkey
from tests.servers.worker import start_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from pulse_analytics.ingest.journal import Journal

VIDEOS = 10_000
BATCH = 500
SAMPLES = 300
WINDOW_SECONDS = 2.0


@click.command()
@click.option("--events", default=1_000_000, show_default=True, type=click.IntRange(10_000))
@click.option("--database", default="postgresql", show_default=True, type=click.Choice(["postgresql", "sqlite"]))
def main(events: int, database: str) -> None:
    """Fill the journal while no worker runs, then let one worker with two processes drain it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pulse-backlog-")))
        valkey = start_valkey(folder / "valkey")
        stack.callback(valkey.teardown)
        env = {"PULSE_DATA_DIR": str(folder), "PULSE_REDIS_URL": valkey.url, "PULSE_ADMIN_TOKEN": TOKEN}
        if database == "postgresql":
            env["PULSE_DATABASE_URL"] = stack.enter_context(PostgresServer()).create_database("pulse")
        settings = Settings.parse(env, folder)
        migrate(settings)
        app = create_app(settings)
        facts = stack.enter_context(closing(Facts(app, valkey.client)))
        worker = start_worker(folder, env)
        drain(facts, app, 50_000, 0)
        rate = drain(facts, app, 50_000, 50_000)
        click.echo(f"drains 50,000: {rate:,.0f}/s; RSS of the worker's processes {rss(worker.process.pid)} MB")
        click.echo(f"empty journal: {latencies(app)}")
        worker.process.pause()
        before = facts.redis.info("memory")["used_memory"]
        for number in range(100_000, 100_000 + events, events // 4):
            fill(app, number, number + events // 4)
            used = facts.redis.info("memory")["used_memory"] - before
            waiting = facts.waiting()
            journal = facts.redis.memory_usage("queue:analytics", samples=0)
            click.echo(f"{waiting:,} wait: {used / waiting:.1f} B each, of them {journal / waiting:.1f} in the journal")
        click.echo(f"full journal, worker frozen: {latencies(app)}")
        worker.process.unpause()
        watch(facts, worker.process.pid)
        facts.assert_exact()
        click.echo(f"exact: {facts.rows():,} rows")
        worker.stop()


def drain(facts: Facts, app: Flask, events: int, first: int) -> float:
    """Accept this many events and wait until all are counted; events per second from the first to the last."""
    started = time.monotonic()
    fill(app, first, first + events)
    while facts.waiting():
        time.sleep(0.02)
    return events / (time.monotonic() - started)


def watch(facts: Facts, pid: int) -> None:
    """Say how the journal drains."""
    before = facts.waiting()
    while before:
        time.sleep(WINDOW_SECONDS)
        waiting = facts.waiting()
        click.echo(f"{waiting:,} wait: {(before - waiting) / WINDOW_SECONDS:,.0f}/s; RSS {rss(pid)} MB")
        before = waiting


def fill(app: Flask, first: int, last: int) -> None:
    """Have the events of these numbers accepted."""
    journal: Journal = app.extensions["pulse_journal"]
    for batch in batches(first, last):
        assert all(journal.accept(batch).accepted)


def batches(first: int, last: int) -> Iterator[list[Event]]:
    now = time.time_ns() // 1_000_000
    for start in range(first, last, BATCH):
        yield [make_event(number, now) for number in range(start, min(last, start + BATCH))]


def make_event(number: int, now: int) -> Event:
    video_id, user_id = f"video-{number % VIDEOS}", f"{number:08x}-0000-4000-8000-000000000000"
    return Event(
        id=event_id(video_id, "watched_50_percent", user_id, now),
        video_id=video_id,
        event="watched_50_percent",
        user_id=user_id,
        ts=now,
        received_at=now,
    )


def latencies(app: Flask) -> str:
    """The medians of a report and of the ranking, in ms, without a server between."""
    client = app.test_client()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    posts = sample(lambda number: client.post("/analytics", json=report("latency", f"{time.time_ns()}-{number}")))
    tops = sample(lambda _: client.get("/admin/analytics/top", headers=headers))
    return f"POST p50 {posts:.2f} ms, ranking p50 {tops:.2f} ms"


def sample(ask: Callable[[int], Any]) -> float:
    times = []
    for number in range(SAMPLES):
        started = time.perf_counter()
        assert ask(number).status_code < 300
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def rss(leader: int) -> str:
    """The resident memory of a program's processes, in MB."""
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in sorted(reaper.members(leader))]
    return " + ".join(str(int(status.partition("VmRSS:")[2].split()[0]) // 1024) for status in statuses)


if __name__ == "__main__":
    main()
