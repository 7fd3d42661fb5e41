"""A history to report on, and a reader of the reports."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from sqlalchemy import text

from pulse_analytics.database import db
from pulse_analytics.events import DEFAULT_EVENT, EVENT_TYPES
from tests.conftest import TOKEN
from tests.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.testing import FlaskClient
    from sqlalchemy import Connection
    from werkzeug.test import TestResponse

BEARER = {"Authorization": f"Bearer {TOKEN}"}
FIRST = date(2026, 1, 1)
PATH = "/admin/analytics"

#: The count of each video on each day, by the day's number from FIRST on.
History = dict[str, dict[int, int]]


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


class Reader(NamedTuple):
    """A client with the admin token."""

    client: FlaskClient

    def ask(self, path: str, parameters: Mapping[str, Any] | None = None) -> TestResponse:
        """The answer, of any status. A parameter that is None is left out."""
        given = {name: str(value) for name, value in (parameters or {}).items() if value is not None}
        return self.client.get(f"{PATH}{path}", query_string=given, headers=BEARER)

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of an answer, which must be 200."""
        answer = self.ask(path, parameters)
        assert answer.status_code == 200, answer.get_json()
        return answer.get_json()

    def refused(self, path: str, **parameters: Any) -> list[str]:
        """The fields that a 400 names as invalid."""
        answer = self.ask(path, parameters)
        assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
        return [error["field"] for error in answer.get_json()["errors"]]

    def all_pages(self, **parameters: Any) -> list[dict[str, Any]]:
        """The videos of all pages of a ranking."""
        page = self.get("/top", **parameters)
        videos = list(page["videos"])
        while page["nextCursor"]:
            page = self.get("/top", **parameters, cursor=page["nextCursor"])
            assert page["videos"]
            videos += page["videos"]
        return videos


NO_ENTRY = {"title": None, "pageUrl": None}
"""What the ranking says about a video that is not in the catalogue."""


def counted(count: int) -> dict[str, Any]:
    """The counts in an answer if only DEFAULT_EVENT is enabled."""
    return {"watched50Count": count, "counts": {DEFAULT_EVENT: count}}


def funnel(count: int, since: str | None) -> dict[str, Any]:
    """The funnel if only DEFAULT_EVENT is enabled."""
    milestone = {
        "event": DEFAULT_EVENT,
        "share": EVENT_TYPES[DEFAULT_EVENT].share,
        "count": count,
        "shareOfFirst": 1.0 if count else None,
        "dropOff": None,
        "recordedSince": since,
        "reason": None if since else "notRecorded",
    }
    return {"milestones": [milestone], "estimatedShareWatched": None}


@pytest.fixture
def changed_settings() -> dict[str, str]:
    """Long database timeouts: no database hangs in these tests, and a busy machine must not fail them."""
    return {"PULSE_DATABASE_TIMEOUT_SECONDS": "20", "PULSE_STALE_AFTER_SECONDS": "30"}


@pytest.fixture
def reader(client: FlaskClient) -> Reader:
    """A client with the admin token."""
    return Reader(client)


def write(facts: Facts, history: History) -> None:
    """Replace the aggregates with this history of DEFAULT_EVENT."""
    write_all(facts, {DEFAULT_EVENT: history})


def write_all(facts: Facts, histories: Mapping[str, History]) -> None:
    """Replace the aggregates with these histories, each of one event type."""
    with facts.app.app_context(), db.engine.begin() as connection:
        for table in ("video_metrics", "video_metrics_daily", "daily_totals"):
            connection.execute(text(f"DELETE FROM {table}"))
        for event, history in histories.items():
            _add(connection, EVENT_TYPES[event].count_column, history)


def _add(connection: Connection, count: str, history: History) -> None:
    videos = [{"video": video_id, "count": sum(days.values())} for video_id, days in history.items()]
    daily = [
        {"video": video_id, "day": str(day(number)), "count": its_count}
        for video_id, days in history.items()
        for number, its_count in days.items()
    ]
    totals = f"SELECT day, sum({count}) FROM video_metrics_daily WHERE true GROUP BY day"
    one, some = "VALUES (:video, :count, '2026-01-01 00:00:00')", "VALUES (:video, :day, :count)"
    for table, key, columns, source, rows in (
        ("video_metrics", "video_id", f"video_id, {count}, updated_at", one, videos),
        ("video_metrics_daily", "video_id, day", f"video_id, day, {count}", some, daily),
        ("daily_totals", "day", f"day, {count}", totals, [{}]),
    ):
        upsert = f"ON CONFLICT ({key}) DO UPDATE SET {count} = excluded.{count}"
        if rows:
            connection.execute(text(f"INSERT INTO {table} ({columns}) {source} {upsert}"), rows)
