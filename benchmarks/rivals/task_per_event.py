"""The naive design: SET NX EX, then one Celery task per event, which runs one transaction.

Flask, marshmallow, Celery and SQLAlchemy are used as their manuals show. It keeps counters by video only, none by day,
in the same tables of its own database. Events that it loses when it is killed are not measured here.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from celery import Celery
from flask import Flask, request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from redis import Redis
from sqlalchemy import Engine, create_engine, event, text

DEDUPE_SECONDS = 86_400
TASK = "task_per_event.record"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

app = Flask(__name__, static_folder=None)
celery = Celery("task_per_event", broker=os.environ.get("TASK_PER_EVENT_REDIS_URL"))
celery.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
)

INSERT = text(
    "INSERT INTO video_events (id, video_id, event, user_id, ts, received_at, created_at) "
    "VALUES (:id, :video_id, :event, :user_id, :ts, :received_at, :created_at) ON CONFLICT DO NOTHING"
)
COUNT = text(
    "INSERT INTO video_metrics (video_id, watched_50_count, updated_at) VALUES (:video_id, 1, :created_at) "
    "ON CONFLICT (video_id) DO UPDATE SET watched_50_count = video_metrics.watched_50_count + 1, "
    "updated_at = excluded.updated_at"
)


class ReportSchema(Schema):
    """A player's report."""

    class Meta:
        """marshmallow's options."""

        unknown = EXCLUDE

    video_id = fields.String(data_key="videoId", required=True, validate=validate.Length(1, 128))
    event = fields.String(required=True, validate=validate.OneOf(["watched_50_percent"]))
    user_id = fields.String(data_key="userId", required=True, validate=validate.Length(1, 128))
    ts = fields.Integer(required=True, strict=True)


_schema = ReportSchema()


@app.post("/analytics")
def report() -> tuple[dict[str, Any], int]:
    """Claim the key, then send the task."""
    try:
        data: dict[str, Any] = _schema.load(request.get_json())
    except ValidationError as error:
        return {"errors": error.messages_dict}, 400
    key = dedupe_key(data["video_id"], data["user_id"])
    if not _redis().set(key, "1", nx=True, ex=DEDUPE_SECONDS):
        return {"status": "duplicate"}, 200
    event_id = str(uuid4())
    record.delay({"id": event_id, "received_at": time.time_ns() // 1_000_000, **data})
    return {"status": "queued", "eventId": event_id}, 202


@app.get("/readyz")
def readyz() -> str:
    """Whether Redis answers."""
    _redis().ping()
    return "ok"


@celery.task(name=TASK)
def record(data: dict[str, Any]) -> None:
    """Insert the event and count it, in one transaction."""
    row = {**data, "received_at": _EPOCH + timedelta(milliseconds=data["received_at"]), "created_at": datetime.now(UTC)}
    with _engine().begin() as connection:
        if connection.execute(INSERT, row).rowcount == 1:
            connection.execute(COUNT, row)


def dedupe_key(video_id: str, user_id: str) -> str:
    """The key whose presence means that this viewer is already counted for this video."""
    return f"dedupe:video:{video_id}:user:{user_id}:watched50"


@cache
def _redis() -> Redis:
    return Redis.from_url(os.environ["TASK_PER_EVENT_REDIS_URL"])


@cache
def _engine() -> Engine:
    engine = create_engine(os.environ["TASK_PER_EVENT_DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    """Make SQLite as durable as in our system, and let writers wait for each other."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 10000")
