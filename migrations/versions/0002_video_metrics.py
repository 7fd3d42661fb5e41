"""Counters by video, and by video and day, with the index that serves the ranking.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

IDENTIFIER = sa.String(128).with_variant(postgresql.VARCHAR(128, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "video_metrics",
        sa.Column("video_id", IDENTIFIER, primary_key=True),
        sa.Column("watched_50_count", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_video_metrics_ranking", "video_metrics", [sa.text("watched_50_count DESC"), "video_id"])
    op.create_table(
        "video_metrics_daily",
        sa.Column("video_id", IDENTIFIER, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("watched_50_count", sa.BigInteger, nullable=False, server_default="0"),
    )


def downgrade() -> None:
    op.drop_table("video_metrics_daily")
    op.drop_index("ix_video_metrics_ranking", table_name="video_metrics")
    op.drop_table("video_metrics")
