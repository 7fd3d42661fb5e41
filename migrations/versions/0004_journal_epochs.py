"""Epochs, which link the ledger in Redis to the raw events: see pulse_analytics/ingest/epochs.py.

Revision ID: 0004
Revises: 0003
"""

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    epochs = op.create_table(
        "journal_epochs",
        sa.Column("id", sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql"), primary_key=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("rows_before", sa.BigInteger),
        sa.Column("settled_before", sa.BigInteger),
        sa.Column("settled_new_before", sa.BigInteger),
        sa.Column("taken_before", sa.BigInteger),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("faults", sa.Text),
    )
    first = {"id": str(uuid4()), "begun_at": datetime.now(UTC), "reason": "the first one"}
    op.bulk_insert(epochs, [first])


def downgrade() -> None:
    op.drop_table("journal_epochs")
