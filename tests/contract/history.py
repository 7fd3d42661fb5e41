"""The content of the database, and the files of the site, for which the requests are answered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.facts import Facts

FIRST = date(2026, 1, 1)

#: The counts of each video on the days from FIRST on.
COUNTS = {
    "intro": [4, 0, 3, 0, 0, 2],
    "outro": [1, 5],
    "tie-a": [0, 0, 2],
    "tie-b": [0, 0, 2],
    "Tie-a": [0, 0, 2],
    "late": [0, 0, 0, 0, 0, 0, 0, 0, 0, 6],
    "a/b": [1],
    "a//b": [1, 1],
    "/a/": [2],
    "a%2Fb": [0, 1],
    "100%": [1],
    "what?#": [1],
    "a b+c": [1],
    "ünïcode": [3],
    "日本": [1],
    "\U0001f600": [1],
    "\u202eright to left": [1],
    "=1+1": [1],
    "  @cell": [1],
    "\uff1dwide": [1],
    'quo"te': [1],
    "semi;colon,comma": [1],
    "<b>bold</b>": [1],
    "x" * 128: [1],
    ".": [1],
    "with_": [1],
    "withX": [1],
}

SITE = {
    "index.html": b"<!doctype html><title>The site</title>",
    "admin.html": b"<!doctype html><title>The admin page</title>",
    "favicon.svg": b"<svg/>",
    "assets/index-1a2b3c.js": b"1",
    "videos/tides.mp4": bytes(1000),
}


def write_history(facts: Facts) -> None:
    """Make the counters in the database those of COUNTS. Columns are named: a new one with a default breaks nothing."""
    for video_id, counts in COUNTS.items():
        facts.sql(
            "INSERT INTO video_metrics (video_id, watched_50_count, updated_at)"
            " VALUES (:video, :count, '2026-01-20 00:00:00+00:00')",
            video=video_id,
            count=sum(counts),
        )
        for number, count in enumerate(counts):
            if count:
                facts.sql(
                    "INSERT INTO video_metrics_daily (video_id, day, watched_50_count) VALUES (:video, :day, :count)",
                    video=video_id,
                    day=str(FIRST + timedelta(days=number)),
                    count=count,
                )
    facts.sql(
        "INSERT INTO daily_totals (day, watched_50_count)"
        " SELECT day, sum(watched_50_count) FROM video_metrics_daily GROUP BY day"
    )


def write_site(folder: Path) -> None:
    """Write a built site into `folder`."""
    for name, content in SITE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
