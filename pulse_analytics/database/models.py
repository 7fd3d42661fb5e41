"""The tables. Rows are written in bulk by recorder.py and read by reports/, so these are tables, not ORM classes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import postgresql

from pulse_analytics.database import db
from pulse_analytics.events import COUNT_COLUMNS, DEFAULT_EVENT, EVENT_TYPES, MAX_ID_LENGTH

if TYPE_CHECKING:
    from sqlalchemy import Dialect


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, always UTC. SQLite drops time zones; this type restores them."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The stored time as an aware one."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


EVENT_ID = String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
"""The event id in its usual spelling, so that an operator can paste it from a log into SQL."""

IDENTIFIER = String(MAX_ID_LENGTH).with_variant(postgresql.VARCHAR(MAX_ID_LENGTH, collation="C"), "postgresql")
"""Ordered by code point on every database: locks are taken, and ties are broken, in one order everywhere."""

MAX_TITLE_LENGTH = 500
MAX_URL_LENGTH = 2048
MAX_TAG_LENGTH = 64
TAG = String(MAX_TAG_LENGTH).with_variant(postgresql.VARCHAR(MAX_TAG_LENGTH, collation="C"), "postgresql")


def _count_columns() -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False, server_default="0") for name in COUNT_COLUMNS]


_DEFAULT_COUNT = EVENT_TYPES[DEFAULT_EVENT].count_column


def _index_rankings(table: Table, *first: Column[date]) -> None:
    """Index the ranking by each event type, of the rows that have any: without such events it is empty, and free.

    That of DEFAULT_EVENT holds all rows.
    """
    for name in COUNT_COLUMNS:
        count = table.c[name]
        if name == _DEFAULT_COUNT:
            Index(f"ix_{table.name}_ranking", *first, count.desc(), table.c.video_id)
        else:
            key = (*first, count.desc(), table.c.video_id)
            Index(f"ix_{table.name}_by_{name}", *key, postgresql_where=count > 0, sqlite_where=count > 0)


video_events = db.Table(
    "video_events",
    Column("id", EVENT_ID, primary_key=True),
    Column("video_id", IDENTIFIER, nullable=False),
    Column("event", String(64), nullable=False),
    Column("user_id", IDENTIFIER, nullable=False),
    Column("ts", BigInteger, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
"""Raw events, one row per counted event. `ts`: the player's clock in ms; `received_at`: the web server's clock when the
request arrived; `created_at`: the worker's clock at the commit."""

video_metrics = db.Table(
    "video_metrics",
    Column("video_id", IDENTIFIER, primary_key=True),
    *_count_columns(),
    Column("updated_at", UtcDateTime, nullable=False),
)
"""The counters by video."""

_index_rankings(video_metrics)

video_metrics_daily = db.Table(
    "video_metrics_daily",
    Column("video_id", IDENTIFIER),
    Column("day", Date),
    *_count_columns(),
    # The key's index keeps the counters of a video together; the table's rows lie where they were inserted, days apart.
    PrimaryKeyConstraint("video_id", "day", postgresql_include=[_DEFAULT_COUNT]),
    sqlite_with_rowid=False,
)
"""The counters by video and UTC day."""

_index_rankings(video_metrics_daily, video_metrics_daily.c.day)

daily_totals = db.Table("daily_totals", Column("day", Date, primary_key=True), *_count_columns())
"""The counters by UTC day, of all videos."""

video_events_archived = db.Table(
    "video_events_archived",
    Column("video_id", IDENTIFIER, primary_key=True),
    Column("day", Date, primary_key=True),
    *_count_columns(),
    sqlite_with_rowid=False,
)
"""How many raw events of each video, UTC day and event type were deleted while their counts stayed."""

erasures = db.Table(
    "erasures",
    Column("id", EVENT_ID, primary_key=True),
    Column("user_id", IDENTIFIER),
    Column("with_counts", Boolean, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("begun_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("waiting", BigInteger, nullable=False, server_default="0"),
    Column("raw_events", BigInteger, nullable=False, server_default="0"),
    Column("dead_letters", BigInteger, nullable=False, server_default="0"),
    Column("dedupe_keys", BigInteger, nullable=False, server_default="0"),
)
"""Receipts of erasures. `user_id`: NULL once it is finished. `with_counts`: the raw events' counts are gone as well.
`waiting`: how many entries were in the journal when it began. The last three: how many were deleted."""

journal_epochs = db.Table(
    "journal_epochs",
    Column("id", EVENT_ID, primary_key=True),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rows_before", BigInteger),
    Column("settled_before", BigInteger),
    Column("settled_new_before", BigInteger),
    Column("taken_before", BigInteger),
    Column("ended_at", UtcDateTime),
    Column("faults", Text),
)
"""Epochs: periods that raw events and ledger cover together. The one without an end is the current one. `*_before`: the
figures of both when the epoch began; NULL: Redis does not know it yet. `faults`: what did not add up when it ended."""

video_catalogue = db.Table(
    "video_catalogue",
    Column("video_id", IDENTIFIER, primary_key=True),
    Column("title", String(MAX_TITLE_LENGTH)),
    Column("title_words", Text, nullable=False),
    Column("page_url", String(MAX_URL_LENGTH)),
    Column("duration_seconds", Double),
    Column("poster_url", String(MAX_URL_LENGTH)),
    Column("updated_at", UtcDateTime, nullable=False),
    # A search that most titles match looks titles up by their ids, which takes half as long in the key's tree.
    sqlite_with_rowid=False,
)
"""What the videos' owner says about them. `title_words`: those of `catalogue.words`, separated by spaces. Each database
has its own index of them, which migration 0006 makes and the models do not know: TITLE_SEARCH."""

video_tags = db.Table(
    "video_tags",
    Column("tag", TAG, primary_key=True),
    Column("video_id", IDENTIFIER, primary_key=True),
    # To read and to replace the tags of a video.
    Index("ix_video_tags_video_id", "video_id"),
    sqlite_with_rowid=False,
)
"""The tags of the videos in `video_catalogue`."""
