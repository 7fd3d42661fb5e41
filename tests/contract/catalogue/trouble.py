"""Answers while a server is unusable: a key in Redis has another type, or tables are missing in the database."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pulse_analytics.config import READY_SECONDS
from tests.conftest import TOKEN
from tests.contract.ask import CSRF, Ask, Group, get, post, read, report

if TYPE_CHECKING:
    from tests.facts import Facts


def _foreign_ledger(facts: Facts) -> None:
    time.sleep(READY_SECONDS)  # What /readyz found before is answered no more.
    facts.redis.set("pulse:ledger", "foreign")


def _no_tables(facts: Facts) -> None:
    time.sleep(READY_SECONDS)
    for table in ("video_metrics", "video_metrics_daily", "daily_totals"):
        facts.sql(f"ALTER TABLE {table} RENAME TO {table}_away")
    facts.sql("UPDATE alembic_version SET version_num = '0001'")


_READS = [
    read("the ranking", "/top", limit=1),
    read("the ranking of a range", "/top", limit=1, since="2026-01-01", until="2026-01-04"),
    read("a video", "/videos/intro", since="2026-01-01", until="2026-01-02"),
    read("the series", "/series", since="2026-01-01", until="2026-01-02"),
    read("the export", "/export.csv", q="tie-"),
    read("the live figures", "/live"),
]


def _asks(browser: str) -> list[Ask]:
    return [
        post("a report", report()),
        post("a bad report", {}),
        post("a batch", {"events": [report("b")]}, "/analytics/batch"),
        post("a batch of bad reports", {"events": [{}]}, "/analytics/batch"),
        post("a report of another site", report(), headers={"Origin": "https://video.example"}),
        *_READS,
        read("a bad parameter", "/top", limit=0),
        get("/healthz", "/healthz"),
        get("/readyz", "/readyz"),
        get("the session", "/admin/session", browser=browser),
        post("signing in", {"token": TOKEN}, "/admin/session", headers={"X-CSRF-Token": CSRF}, browser=browser),
    ]


GROUPS = [
    Group(name="Redis in trouble", asks=_asks("ada"), before=_foreign_ledger),
    Group(name="database in trouble", asks=_asks("bob"), before=_no_tables),
]
