"""What reports on a range of days need: sums of all videos by day, and covering indexes.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TABLE = "video_metrics_daily"
KEY = "video_metrics_daily_pkey"
VACUUM = ("autovacuum_vacuum_scale_factor", "autovacuum_vacuum_insert_scale_factor")


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        keep_rows_in_the_key(True)
    # On PostgreSQL, creating this index locks the table against writes until this transaction ends. So nothing is
    # counted between the computation of the sums below and their commit.
    op.create_index("ix_video_metrics_daily_ranking", TABLE, ["day", sa.text("watched_50_count DESC"), "video_id"])
    op.create_table(
        "daily_totals",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("watched_50_count", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.execute(
        "INSERT INTO daily_totals (day, watched_50_count) "
        "SELECT day, sum(watched_50_count) FROM video_metrics_daily GROUP BY day"
    )
    if op.get_context().dialect.name == "postgresql":
        let_the_key_hold(["watched_50_count"])
        # An index-only scan also reads each page of the table that has changed since its last vacuum. By default,
        # vacuum runs when a fifth of the table has changed, which takes weeks.
        op.execute(f"ALTER TABLE {TABLE} SET ({', '.join(f'{name} = 0.02' for name in VACUUM)})")


def downgrade() -> None:
    op.drop_table("daily_totals")
    op.drop_index("ix_video_metrics_daily_ranking", table_name=TABLE)
    if op.get_context().dialect.name == "sqlite":
        keep_rows_in_the_key(False)
    else:
        let_the_key_hold([])
        op.execute(f"ALTER TABLE {TABLE} RESET ({', '.join(VACUUM)})")


def keep_rows_in_the_key(whether: bool) -> None:
    """SQLite: store the rows in the primary key's tree (WITHOUT ROWID), or let that tree only point to them."""
    with op.batch_alter_table(TABLE, recreate="always", table_kwargs={"sqlite_with_rowid": not whether}):
        pass


def let_the_key_hold(columns: list[str]) -> None:
    """PostgreSQL: let the index of the primary key INCLUDE these columns."""
    op.create_index(f"{KEY}_new", TABLE, ["video_id", "day"], unique=True, postgresql_include=columns)
    op.drop_constraint(KEY, TABLE, type_="primary")
    op.execute(f"ALTER TABLE {TABLE} ADD CONSTRAINT {KEY} PRIMARY KEY USING INDEX {KEY}_new")
