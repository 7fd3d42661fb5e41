"""The admin API on a large history: how long each call takes."""

from __future__ import annotations

import gc
import random
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

import click
from sqlalchemy import event

from benchmarks.history import History, fill, ids, is_filled
from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.database import db
from pulse_analytics.events import DEFAULT_EVENT
from tests.conftest import TOKEN, migrate
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
RANGE = 30


class Call(NamedTuple):
    """A request that the admin page makes, with different parameters each time."""

    name: str
    path: Callable[[], str]


@click.command()
@click.option("--database", default="postgresql", show_default=True, type=click.Choice(["postgresql", "sqlite"]))
@click.option("--videos", default=1_000_000, show_default=True, type=click.IntRange(100))
@click.option("--days", default=90, show_default=True, type=click.IntRange(RANGE))
@click.option("--views", type=click.IntRange(1), help="In a day; as many as there are videos, if not given.")
@click.option("--exponent", default=1.0, show_default=True, help="Of Zipf's law; 0: all videos are equally popular.")
@click.option("--events", default="watched_50_percent", show_default=True, help="As in PULSE_EVENTS.")
@click.option("--calls", default=200, show_default=True, type=click.IntRange(1), help="Of each kind.")
@click.option("--explain", is_flag=True, help="Show the plan of each statement of one call of each kind.")
@click.option("--url", help="A database that this command has filled before, with the same options.")
def main(
    database: str,
    videos: int,
    days: int,
    views: int | None,
    exponent: float,
    events: str,
    calls: int,
    explain: bool,
    url: str | None,
) -> None:
    """Fill the aggregates with a history of views, then ask for each report many times, one at a time."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pulse-reports-")))
        valkey = start_valkey(folder / "valkey")
        stack.callback(valkey.teardown)
        env = {"PULSE_REDIS_URL": valkey.url, "PULSE_ADMIN_TOKEN": TOKEN, "PULSE_EVENTS": events}
        if url or database == "postgresql":
            env["PULSE_DATABASE_URL"] = url or stack.enter_context(PostgresServer()).create_database("pulse")
        settings = Settings.parse(env, folder)
        migrate(settings)
        app = create_app(settings)
        with app.app_context():
            stack.callback(db.engine.dispose)
            history = History(videos, days, views or videos, exponent, settings.events)
            if not is_filled():
                fill(history)
            client = app.test_client()
            if explain:
                show_plans(client, kinds(client, history))
            else:
                measure(client, kinds(client, history), calls)


def kinds(client: FlaskClient, history: History) -> list[Call]:
    """The requests of the admin page."""
    chance = random.Random(50)  # noqa: S311 - It chooses parameters.

    def some_range() -> dict[str, str]:
        since = history.first_day + timedelta(days=chance.randrange(history.days - RANGE + 1))
        return {"since": str(since), "until": str(since + timedelta(days=RANGE))}

    def popular(most: int = 1000) -> list[str]:
        answer = client.get(f"/admin/analytics/top?limit={most}", headers=HEADERS).get_json()
        return [video["videoId"] for video in answer["videos"]]

    known = popular()
    anyone = [each for number, each in enumerate(ids(min(history.videos, 100_000))) if number % 97 == 0]

    def search(length: int) -> dict[str, str]:
        return {"q": chance.choice(anyone)[:length]}

    def top(**parameters: object) -> str:
        return f"/admin/analytics/top?{urlencode(parameters)}"

    def page(number: int, **parameters: object) -> str:
        cursor: dict[str, str] = {}
        for _ in range(number - 1):
            answer = client.get(top(**parameters, **cursor), headers=HEADERS).get_json()
            cursor = {"cursor": answer["nextCursor"]} if answer["nextCursor"] else {}
        return top(**parameters, **cursor)

    def other() -> dict[str, str]:
        return {"event": chance.choice([event for event in history.events if event != DEFAULT_EVENT])}

    by_another = [
        Call("another event, 30 days", lambda: top(**some_range(), **other())),
        Call("another event, pages 2 to 10", lambda: page(chance.randint(2, 10), **some_range(), **other())),
        Call("another event, search by 2 characters", lambda: top(**some_range(), **search(2), **other())),
        Call("another event, all time", lambda: top(**other())),
        Call("another event, video", lambda: video(chance.choice(known), {**some_range(), **other()})),
    ]
    return [
        *(by_another if len(history.events) > 1 else []),
        Call("top, 30 days", lambda: top(**some_range())),
        Call("top, 30 days, pages 2 to 10", lambda: page(chance.randint(2, 10), **some_range())),
        Call("top, 30 days, limit 1000", lambda: top(**some_range(), limit=1000)),
        Call("top, all days", top),
        Call("top, all time, pages 2 to 10", lambda: page(chance.randint(2, 10))),
        Call("top, 30 days, search by 1 character", lambda: top(**some_range(), **search(1))),
        Call("top, 30 days, search by 2 characters", lambda: top(**some_range(), **search(2))),
        Call("top, 30 days, search by the whole id", lambda: top(**some_range(), **search(11))),
        Call("top, all time, search by 1 character", lambda: top(**search(1))),
        Call("top, all time, search by 2 characters", lambda: top(**search(2))),
        Call("video, 30 days, popular", lambda: video(chance.choice(known), some_range())),
        Call("video, 30 days, any", lambda: video(chance.choice(anyone), some_range())),
        Call("series, 30 days", lambda: f"/admin/analytics/series?{urlencode(some_range())}"),
        Call("series, all days", lambda: "/admin/analytics/series"),
        Call("live", lambda: "/admin/analytics/live"),
    ]


def video(video_id: str, parameters: dict[str, str]) -> str:
    return f"/admin/analytics/videos/{quote(video_id, safe='')}?{urlencode(parameters)}"


def measure(client: FlaskClient, calls: list[Call], times: int) -> None:
    """Print a table of how long each call takes."""
    gc.collect()
    gc.freeze()  # As in a web process.
    click.echo("| Call | p50 ms | p99 ms | max ms |\n|---|---|---|---|")
    for call in calls:
        taken = []
        for _ in range(times):
            path = call.path()
            started = time.perf_counter()
            answer = client.get(path, headers=HEADERS)
            taken.append((time.perf_counter() - started) * 1000)
            assert answer.status_code in {200, 404}, (path, answer.get_json())
        taken.sort()
        p50, p99 = taken[len(taken) // 2], taken[min(len(taken) - 1, len(taken) * 99 // 100)]
        click.echo(f"| {call.name} | {p50:.1f} | {p99:.1f} | {taken[-1]:.1f} |")
    for path in (
        "/admin/analytics/export.csv",
        f"/admin/analytics/export.csv?since={datetime.now(UTC).date() - timedelta(days=RANGE - 1)}",
    ):
        started = time.perf_counter()
        size = sum(len(piece) for piece in client.get(path, headers=HEADERS, buffered=False).response)
        click.echo(f"\n{path}: {size / 1e6:.1f} MB in {time.perf_counter() - started:.1f} s")


def show_plans(client: FlaskClient, calls: list[Call]) -> None:
    """Print the query plans of one call of each kind."""
    said: list[tuple[str, Any]] = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def note(_c: object, _cursor: object, statement: str, parameters: object, _x: object, _many: bool) -> None:
        said.append((statement, parameters))

    prefix = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF)" if db.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    for call in calls:
        path = call.path()
        said.clear()
        client.get(path, headers=HEADERS)
        statements, said[:] = said[:], []
        click.echo(f"\n## {call.name}\n{path}")
        with db.engine.connect() as connection:
            for statement, parameters in statements:
                click.echo(f"\n{statement}\n{parameters}")
                for row in connection.exec_driver_sql(f"{prefix} {statement}", parameters):
                    click.echo(f"    {row[-1]}")


if __name__ == "__main__":
    main()
