"""The search for titles in a large catalogue: how long each call takes."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from benchmarks.history import History, analyze, days_ago, fill, ids
from benchmarks.reports import RANGE, Call, measure, show_plans
from pulse_analytics.app import create_app
from pulse_analytics.catalogue.entries import Entry
from pulse_analytics.catalogue.storage import replace
from pulse_analytics.config import Settings
from pulse_analytics.database import db
from pulse_analytics.events import DEFAULT_EVENT
from tests.conftest import TOKEN, migrate
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1000
SHARES = {"film": 1, "half": 2, "tenth": 10, "twentieth": 20, "fiftieth": 50, "hundredth": 100, "thousandth": 1000}
"""Words, each in every so manieth title, however popular the video is."""
UNPOPULAR = {"bottom": 0.5, "last": 0.9}
"""Words in the titles of all videos below this share of the ranking, and of no others."""


@click.command()
@click.option("--database", default="postgresql", show_default=True, type=click.Choice(["postgresql", "sqlite"]))
@click.option("--videos", default=100_000, show_default=True, type=click.IntRange(100))
@click.option("--days", default=90, show_default=True, type=click.IntRange(RANGE))
@click.option("--calls", default=200, show_default=True, type=click.IntRange(1), help="Of each kind.")
@click.option("--explain", is_flag=True, help="Show the plan of each statement of one call of each kind.")
def main(database: str, videos: int, days: int, calls: int, explain: bool) -> None:
    """Fill the aggregates and the catalogue, then search many times, one call at a time."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pulse-titles-")))
        valkey = start_valkey(folder / "valkey")
        stack.callback(valkey.teardown)
        env = {"PULSE_REDIS_URL": valkey.url, "PULSE_ADMIN_TOKEN": TOKEN}
        if database == "postgresql":
            env["PULSE_DATABASE_URL"] = stack.enter_context(PostgresServer()).create_database("pulse")
        settings = Settings.parse(env, folder)
        migrate(settings)
        app = create_app(settings)
        with app.app_context():
            stack.callback(db.engine.dispose)
            fill(History(videos, days, videos, 1.0, (DEFAULT_EVENT,)))
            store(videos)
            show, asked = (show_plans, ()) if explain else (measure, (calls,))
            show(app.test_client(), list(kinds()), *asked)


def store(videos: int) -> None:
    """Store an entry for each video."""
    started = time.monotonic()
    entries = [entry(number, videos, video_id) for number, video_id in enumerate(ids(videos))]
    for start in range(0, videos, CHUNK):
        replace(entries[start : start + CHUNK])
    analyze()
    click.echo(f"{videos:,} entries, stored in {time.monotonic() - started:.0f} s\n")


def entry(number: int, videos: int, video_id: str) -> Entry:
    """The entry of the video at this place of the ranking, from 0."""
    words = [word for word, every in SHARES.items() if number % every == 0]
    words += [word for word, share in UNPOPULAR.items() if number >= share * videos]
    tags = tuple(sorted(words))
    return Entry(video_id=video_id, title=f"{' '.join(words)} Number{number}", page_url="https://x.example/", tags=tags)


def kinds() -> Iterator[Call]:
    """The requests of the admin page, and those of the catalogue."""
    month = {"since": days_ago(RANGE), "until": days_ago(0)}
    for path, name, range_ in (
        ("/admin/videos", "catalogue", {}),
        ("/admin/analytics/top", "top, all time", {}),
        ("/admin/analytics/top", "top, 30 days", month),
    ):
        for word in [*SHARES, *UNPOPULAR, "f", "number77", "film number1", "none"]:
            query = urlencode({"q": word, **range_})
            yield Call(f"{name}, {word}", partial(str, f"{path}?{query}"))
        for tag in [*SHARES, *UNPOPULAR] if "top" in name else []:
            query = urlencode({"tag": tag, **range_})
            yield Call(f"{name}, tag {tag}", partial(str, f"{path}?{query}"))


if __name__ == "__main__":
    main()
