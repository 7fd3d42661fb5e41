"""Archived counts of deleted raw events, and receipts of erasures. Nothing waits for it.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from pulse_analytics.database.models import EVENT_ID, IDENTIFIER

revision = "0007"
down_revision = "0006"

COUNTERS = ("started_count", "watched_25_count", "watched_50_count", "watched_75_count", "watched_95_count")


def upgrade() -> None:
    op.create_table(
        "video_events_archived",
        sa.Column("video_id", IDENTIFIER, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in COUNTERS),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "erasures",
        sa.Column("id", EVENT_ID, primary_key=True),
        sa.Column("user_id", IDENTIFIER),
        sa.Column("with_counts", sa.Boolean, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        *(
            sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
            for name in ("waiting", "raw_events", "dead_letters", "dedupe_keys")
        ),
    )


def downgrade() -> None:
    # What they held is gone: then an audit misses the raw events that were archived.
    op.drop_table("erasures")
    op.drop_table("video_events_archived")
