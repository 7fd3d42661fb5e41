"""Counters of the milestones besides the half, and an index for the ranking by each.

Each index holds only rows that have such events: without them it is empty, and no transaction writes to it.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

COUNTERS = ("started_count", "watched_25_count", "watched_75_count", "watched_95_count")
TABLES = ("video_metrics", "video_metrics_daily", "daily_totals")
"""In the order in which a worker locks them."""
RANKED = {"video_metrics": [], "video_metrics_daily": [sa.text("day")]}


def upgrade() -> None:
    # PostgreSQL: nothing can be read or counted until this commits. Adding columns takes milliseconds, each index one
    # scan of its table. It waits for a running audit, and everything waits behind it.
    for table in TABLES:
        for name in COUNTERS:
            op.add_column(table, sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    for table, first in RANKED.items():
        for name in COUNTERS:
            some = sa.text(f"{name} > 0")
            key = [*first, sa.text(f"{name} DESC"), sa.text("video_id")]
            op.create_index(index(table, name), table, key, postgresql_where=some, sqlite_where=some)


def downgrade() -> None:
    for table in RANKED:
        for name in COUNTERS:
            op.drop_index(index(table, name), table_name=table)
    for table in TABLES:
        for name in COUNTERS:
            op.drop_column(table, name)


def index(table: str, counter: str) -> str:
    return f"ix_{table}_by_{counter}"
