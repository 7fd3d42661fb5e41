"""Migrations: up, down and up again; the tables that they make equal the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from pulse_analytics.database import db, is_in_models
from pulse_analytics.events import DEFAULT_EVENT
from pulse_analytics.ingest.recorder import record
from pulse_analytics.reports.days import Days
from pulse_analytics.reports.paging import Query
from pulse_analytics.reports.ranking import ranking_page
from pulse_analytics.reports.search import Search
from tests.facts import Facts
from tests.test_events import DAY_MS, NOON, event

if TYPE_CHECKING:
    from flask import Flask


@pytest.mark.usefixtures("app")
def test_migrations_go_up_down_and_up(facts: Facts) -> None:
    flask_migrate.downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    flask_migrate.upgrade()
    assert len(record([event("v1")])) == 1
    flask_migrate.downgrade(revision="0001")
    assert facts.rows() == 1
    flask_migrate.upgrade()
    assert facts.rows() == 1


@pytest.mark.usefixtures("app")
def test_the_migration_fills_the_totals_of_each_day_from_existing_counts(facts: Facts) -> None:
    record([event("v1", f"u{n}", ts=NOON - n % 3 * DAY_MS) for n in range(7)])
    record([event("v2", "u1")])
    daily = "SELECT video_id, day, watched_50_count FROM video_metrics_daily ORDER BY video_id, day"
    before = facts.sql(daily)
    for _ in range(2):
        flask_migrate.downgrade(revision="0002")
        assert "daily_totals" not in inspect(db.engine).get_table_names()
        assert facts.sql(daily) == before
        flask_migrate.upgrade()
        facts.assert_aggregates_exact()
    assert len(record([event("v1", "late")])) == 1
    facts.assert_aggregates_exact()


@pytest.mark.usefixtures("app")
def test_the_models_equal_the_tables_that_the_migrations_make() -> None:
    with db.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_name": is_in_models}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), db.metadata) == []


def test_the_ranking_is_read_from_an_index(app: Flask, facts: Facts) -> None:
    query = "SELECT video_id, watched_50_count FROM video_metrics ORDER BY watched_50_count DESC, video_id LIMIT 10"
    if db.engine.dialect.name == "sqlite":
        plan = facts.sql(f"EXPLAIN QUERY PLAN {query}")
    else:
        facts.sql(
            "INSERT INTO video_metrics (video_id, watched_50_count, updated_at) "
            "SELECT 'v' || n, n, now() FROM generate_series(1, 5000) AS n"
        )
        facts.sql("ANALYZE video_metrics")
        plan = facts.sql(f"EXPLAIN {query}")
    assert "ix_video_metrics_ranking" in str(plan)
    assert "sort" not in str(plan).lower()
    assert "TEMP B-TREE" not in str(plan)


@pytest.mark.usefixtures("app")
def test_each_migration_reverted_and_applied_again_leaves_every_index_unchanged(facts: Facts) -> None:
    # `db check` does not see all of it: where SQLite copies a table, its indexes lose DESC.
    query = "SELECT name, sql FROM sqlite_master ORDER BY name"
    if db.engine.dialect.name == "postgresql":
        query = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
    before = facts.sql(query)
    for revision in ("0002", "0001"):
        flask_migrate.downgrade(revision=revision)
        flask_migrate.upgrade()
        assert facts.sql(query) == before


@pytest.mark.usefixtures("app")
def test_times_read_from_the_database_are_aware_and_in_utc(facts: Facts) -> None:
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
    page = ranking_page(Query(days=Days(), event=DEFAULT_EVENT, search=Search(), after=None, limit=10))
    assert [place.video_id for place in page.places] == ["B", "Z", "_", "a", "b", "ä", "\U0001f600"]
