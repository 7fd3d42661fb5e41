"""The temporary tables of a recount. They belong to one connection, and go with it at the latest."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, MetaData, Table

from pulse_analytics.database.models import IDENTIFIER
from pulse_analytics.events import COUNT_COLUMNS

temporary = MetaData()

raw_counts = Table(
    "recount_raw_counts",
    temporary,
    Column("video_id", IDENTIFIER),
    Column("day", Date),
    *(Column(name, BigInteger) for name in COUNT_COLUMNS),
    prefixes=["TEMPORARY"],
)
"""How many raw events each chunk of them holds, by video and day: several rows for one day, to be added up.

Adding to one row for each day would cost more: PostgreSQL keeps every version of a row until the transaction ends.
"""

differences = Table(
    "recount_differences",
    temporary,
    Column("video_id", IDENTIFIER, nullable=False, server_default=""),
    Column("day", Date),
    *(Column(f"{side}_{name}", BigInteger) for name in COUNT_COLUMNS for side in ("raw", "counted")),
    prefixes=["TEMPORARY"],
)
"""The rows of `video_metrics_daily` (without a day: of `video_metrics`; with '' as the video: of `daily_totals`) that
are not what the raw events say."""

Index("ix_recount_differences", differences.c.video_id)
