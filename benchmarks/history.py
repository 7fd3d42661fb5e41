"""A large history in the aggregates: made by the database itself, in a few minutes, and without raw events."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from sqlalchemy import text

from benchmarks.traffic import video_id
from pulse_analytics.database import db

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

RANKING = "CREATE INDEX ix_video_metrics_daily_ranking ON video_metrics_daily (day, watched_50_count DESC, video_id)"
KEY = "ALTER TABLE video_metrics_daily ADD PRIMARY KEY (video_id, day) INCLUDE (watched_50_count)"
DAY = """INSERT INTO video_metrics_daily (video_id, day, watched_50_count) SELECT * FROM (
         SELECT video_id, CAST(:day AS {date}) AS day,
                CAST({floor}(mean * (0.5 + {chance}) + {chance}) AS bigint) AS count
         FROM popularity) AS counts WHERE count > 0"""
TOTALS = """INSERT INTO daily_totals (day, watched_50_count)
            SELECT day, sum(watched_50_count) FROM video_metrics_daily GROUP BY day"""
VIDEOS = """INSERT INTO video_metrics (video_id, watched_50_count, updated_at)
            SELECT video_id, sum(watched_50_count), CURRENT_TIMESTAMP
            FROM video_metrics_daily GROUP BY video_id"""


class History(NamedTuple):
    """What to make."""

    videos: int
    days: int
    views: int
    """In a day."""
    exponent: float
    """Of Zipf's law."""

    @property
    def first_day(self) -> date:
        """The last one is today."""
        return days_ago(self.days - 1)


def days_ago(days: int) -> date:
    """A day before today."""
    return datetime.now(UTC).date() - timedelta(days=days)


def ids(videos: int) -> Iterator[str]:
    """Those of the first so many videos."""
    return map(video_id, range(videos))


def is_filled() -> bool:
    """Whether the aggregates hold something."""
    with db.engine.connect() as connection:
        return connection.execute(text("SELECT 1 FROM daily_totals LIMIT 1")).first() is not None


def fill(history: History) -> None:
    """Each day a video has its share of the views, by Zipf's law, give or take a half."""
    started = time.monotonic()
    postgresql = db.engine.dialect.name == "postgresql"
    with db.engine.begin() as connection:
        if postgresql:
            have_patience(connection)
            connection.execute(text("ALTER TABLE video_metrics_daily DROP CONSTRAINT video_metrics_daily_pkey"))
        connection.execute(text("DROP INDEX ix_video_metrics_daily_ranking"))
        make_popular(connection, history)
        for number in range(history.days):
            day = str(history.first_day + timedelta(days=number))
            connection.execute(text(DAY.format(**dialect(postgresql=postgresql))), {"day": day})
        for statement in ([KEY] if postgresql else []) + [RANKING, TOTALS, VIDEOS]:
            connection.execute(text(statement))
        rows = connection.execute(text("SELECT count(*) FROM video_metrics_daily")).scalar_one()
    analyze()
    click.echo(f"{rows:,} rows by video and day, filled in {time.monotonic() - started:.0f} s\n")


def analyze() -> None:
    """Tell the planner what there is."""
    postgresql = db.engine.dialect.name == "postgresql"
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if postgresql else "ANALYZE"))


def have_patience(connection: Connection) -> None:
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
    raw: Any = connection.connection.dbapi_connection
    raw.patience_seconds = 3600


def make_popular(connection: Connection, history: History) -> None:
    """How many views each video has in a day, on the average."""
    weights = [(number + 1) ** -history.exponent for number in range(history.videos)]
    scale = history.views / sum(weights)
    connection.execute(text("CREATE TEMPORARY TABLE popularity (video_id text, mean double precision)"))
    rows = [{"v": each, "m": weight * scale} for each, weight in zip(ids(history.videos), weights, strict=True)]
    connection.execute(text("INSERT INTO popularity VALUES (:v, :m)"), rows)


def dialect(*, postgresql: bool) -> dict[str, str]:
    if postgresql:
        return {"chance": "random()", "floor": "floor", "date": "date"}
    # SQLite cuts a fraction off when it casts to an integer.
    return {"chance": "(abs(random()) / 9223372036854775808.0)", "floor": "", "date": "text"}
