"""`pulse expire` of nine days of ten, under load: its time and memory, what waits for it, and the space it frees."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy import text

from benchmarks import history
from benchmarks.growth import add_rows
from benchmarks.migration import QUIET_SECONDS, Load, aggregate
from benchmarks.place import Place
from benchmarks.servers import web_server
from benchmarks.sizes import DATABASES
from benchmarks.versions import PRESENT, environment
from pulse_analytics.database import db
from tests.facts import wait_until

if TYPE_CHECKING:
    from benchmarks.place import System

DAYS = 10
SIZES = {
    "postgresql": "SELECT pg_total_relation_size('video_events')",
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
}
"""Bytes of the raw events with their index; on SQLite, of the whole file."""


@click.command()
@click.option("--database", default="postgresql", show_default=True, type=click.Choice(DATABASES))
@click.option("--rows", default=10_000_000, show_default=True, type=click.IntRange(1), help="Raw events.")
@click.option("--videos", default=100_000, show_default=True, type=click.IntRange(1))
@click.option("--rate", default=300, show_default=True, type=click.IntRange(1), help="Reports per second meanwhile.")
def main(database: str, rows: int, videos: int, rate: int) -> None:
    """Fill a database with raw events of ten days, and archive all but the last day's while a worker counts."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pulse-expiry-")))
        place = stack.enter_context(Place(folder))
        system = stack.enter_context(place.system(database))
        started = time.monotonic()
        add_rows(system, rows, videos, rows / (DAYS * 86_400_000))
        aggregate(system)
        click.echo(
            f"{database}: {rows:,} raw events of {videos:,} videos in {DAYS} days, filled in"
            f" {time.monotonic() - started:.0f} s; {size(system):,} bytes\n\n"
            "| Meanwhile | seconds | oldest entry that waited, s | slowest report, s | slowest ranking, s | answers |\n"
            "|---|---|---|---|---|---|"
        )
        port = stack.enter_context(web_server(folder, system.env)).port
        stack.enter_context(system.worker(2))
        load = Load(system, port, rate)
        said: list[str] = []
        with load.running():
            load.during("the load alone", lambda: time.sleep(QUIET_SECONDS))
            load.during("expire", lambda: said.append(expire(system)))
            load.during("the load alone", lambda: time.sleep(QUIET_SECONDS))
            click.echo(f"\n{said[0]}\nbytes afterwards: {size(system):,}\n")
            load.during("VACUUM", lambda: vacuum(system))
            load.during("the load alone", lambda: time.sleep(QUIET_SECONDS))
        wait_until(lambda: system.facts.waiting() == 0, 60)
        assert system.facts.rows() + system.facts.archived() == rows + load.accepted
        system.facts.assert_aggregates_exact()
        click.echo(f"\nbytes after VACUUM: {size(system):,}")
        click.echo(f"{load.accepted:,} reports were accepted meanwhile, each counted once.")


def expire(system: System) -> str:
    """Run `pulse expire`. Returns what it said, and how much memory it took at most."""
    command = [sys.executable, "-m", "pulse_analytics", "expire", "--days", "1"]
    env = environment({**system.env, **PRESENT.path})
    process = subprocess.Popen(command, cwd=PRESENT.folder, env=env, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    return f"{said}It took {usage.ru_utime + usage.ru_stime:.0f} s of CPU, and {usage.ru_maxrss / 1024:.0f} MB at most."


def vacuum(system: System) -> None:
    """Give the space back to the disk."""
    with system.app.app_context():
        if db.engine.dialect.name == "sqlite":
            # SQLAlchemy's connection would begin a transaction.
            with closing(sqlite3.connect(str(db.engine.url.database), timeout=60)) as file:
                file.execute("VACUUM")
            return
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.detach()  # It has patience, and does not return to the pool.
            history.have_patience(connection, "SESSION")
            connection.execute(text("VACUUM FULL video_events"))


def size(system: System) -> int:
    """The bytes of the raw events."""
    with system.app.app_context(), db.engine.connect() as connection:
        return int(connection.execute(text(SIZES[db.engine.dialect.name])).scalar_one())


if __name__ == "__main__":
    main()
