"""Raw events.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

EVENT_ID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
IDENTIFIER = sa.String(128).with_variant(postgresql.VARCHAR(128, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "video_events",
        sa.Column("id", EVENT_ID, primary_key=True),
        sa.Column("video_id", IDENTIFIER, nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("user_id", IDENTIFIER, nullable=False),
        sa.Column("ts", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("video_events")
