"""Migrations: up, down and up again, and the tables they make are the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from pulse_analytics.extensions import db
from pulse_analytics.ingest.recorder import record
from pulse_analytics.reports.queries import top_videos
from tests.facts import Facts
from tests.test_events import event

if TYPE_CHECKING:
    from flask import Flask


@pytest.mark.usefixtures("app")
def test_migrations_go_up_down_and_up(facts: Facts) -> None:
    flask_migrate.downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    flask_migrate.upgrade()
    assert record([event("v1")]) == 1
    flask_migrate.downgrade(revision="0001")
    assert facts.rows() == 1
    flask_migrate.upgrade()
    assert facts.rows() == 1


@pytest.mark.usefixtures("app")
def test_the_models_are_what_the_migrations_made() -> None:
    with db.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), db.metadata) == []


def test_an_index_serves_the_ranking(app: Flask, facts: Facts) -> None:
    query = "SELECT video_id, watched_50_count FROM video_metrics ORDER BY watched_50_count DESC, video_id LIMIT 10"
    if db.engine.dialect.name == "sqlite":
        plan = facts.sql(f"EXPLAIN QUERY PLAN {query}")
    else:
        facts.sql("INSERT INTO video_metrics SELECT 'v' || n, n, now() FROM generate_series(1, 5000) AS n")
        facts.sql("ANALYZE video_metrics")
        plan = facts.sql(f"EXPLAIN {query}")
    assert "ix_video_metrics_ranking" in str(plan)
    assert "sort" not in str(plan).lower()
    assert "TEMP B-TREE" not in str(plan)


@pytest.mark.usefixtures("app")
def test_times_come_back_aware_and_in_utc(facts: Facts) -> None:
    record([event("v1")])
    assert facts.rows() == 1
    with db.engine.connect() as connection:
        row = connection.execute(db.metadata.tables["video_events"].select()).one()
    assert row.received_at.isoformat() == "2023-11-15T12:00:00+00:00"
    assert row.created_at.utcoffset().total_seconds() == 0
    assert row.id == event("v1").id


@pytest.mark.usefixtures("facts")
def test_ties_are_broken_by_code_point_on_every_database() -> None:
    record([event(video_id, "u") for video_id in ("b", "B", "ä", "a", "Z", "\U0001f600", "_")])
    assert [video.video_id for video in top_videos(10)] == ["B", "Z", "_", "a", "b", "ä", "\U0001f600"]
