"""The temporary tables of a recount. They belong to one connection, and end with it at the latest."""

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
"""The number of raw events in each chunk, and of archived ones, by video and day. One day has several rows, which the
reader adds up.

Updating one row per day would cost more: PostgreSQL keeps every version of a row until the transaction ends.
"""

differences = Table(
    "recount_differences",
    temporary,
    Column("video_id", IDENTIFIER, nullable=False, server_default=""),
    Column("day", Date),
    *(Column(f"{side}_{name}", BigInteger) for name in COUNT_COLUMNS for side in ("raw", "counted")),
    prefixes=["TEMPORARY"],
)
"""The rows of `video_metrics_daily` that differ from the raw and archived events. A row without a day is of
`video_metrics`, and one with '' as the video is of `daily_totals`."""

Index("ix_recount_differences", differences.c.video_id)
