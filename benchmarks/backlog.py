"""A journal of a million events: how much memory it takes, what it slows down, and that it drains to exact counts."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.place import HEADERS, Place, System
from benchmarks.servers import drain
from benchmarks.sizes import DATABASES
from tests.facts import report
from tests.servers import reaper

if TYPE_CHECKING:
    from collections.abc import Callable

VIDEOS = 10_000
SAMPLES = 300
WINDOW_SECONDS = 2.0


@click.command()
@click.option("--events", default=1_000_000, show_default=True, type=click.IntRange(10_000))
@click.option("--database", default="postgresql", show_default=True, type=click.Choice(DATABASES))
def main(events: int, database: str) -> None:
    """Fill the journal while no worker runs, then let one worker with two processes drain it."""
    with (
        tempfile.TemporaryDirectory(prefix="pulse-backlog-") as folder,
        Place(Path(folder)) as place,
        place.system(database) as system,
        system.worker(2) as worker,
    ):
        drain(system, worker, place.reports(50_000, VIDEOS))
        rate = drain(system, worker, place.reports(50_000, VIDEOS))
        click.echo(f"drains 50,000: {rate:,.0f}/s; RSS of the worker's processes {rss(worker.process.pid)} MB")
        click.echo(f"empty journal: {latencies(system)}")
        worker.process.pause()
        before = system.facts.redis.info("memory")["used_memory"]
        for _ in range(4):
            system.fill(place.reports(events // 4, VIDEOS))
            used = system.facts.redis.info("memory")["used_memory"] - before
            waiting = system.facts.waiting()
            journal = system.facts.redis.memory_usage("queue:analytics", samples=0)
            click.echo(f"{waiting:,} wait: {used / waiting:.1f} B each, of them {journal / waiting:.1f} in the journal")
        click.echo(f"full journal, worker frozen: {latencies(system)}")
        worker.process.unpause()
        watch(system, worker.process.pid)
        system.facts.assert_exact()
        click.echo(f"exact: {system.facts.rows():,} rows")
        worker.stop()


def watch(system: System, pid: int) -> None:
    """Print how the journal drains."""
    before = system.facts.waiting()
    while before:
        time.sleep(WINDOW_SECONDS)
        waiting = system.facts.waiting()
        click.echo(f"{waiting:,} wait: {(before - waiting) / WINDOW_SECONDS:,.0f}/s; RSS {rss(pid)} MB")
        before = waiting


def latencies(system: System) -> str:
    """The median latency of a report and of the ranking, in ms, without an HTTP server in between."""
    client = system.client()
    posts = sample(lambda number: client.post("/analytics", json=report("latency", f"{time.time_ns()}-{number}")))
    tops = sample(lambda _: client.get("/admin/analytics/top", headers=HEADERS))
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
