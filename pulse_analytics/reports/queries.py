"""What is read: the aggregates, never the raw events. Each query raises TryAgain if the database does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from pulse_analytics.extensions import reading
from pulse_analytics.models import video_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHUNK = 500


class VideoCount(NamedTuple):
    """A video and how many viewers watched past its half."""

    video_id: str
    watched_50_count: int


def top_videos(limit: int) -> list[VideoCount]:
    """The `limit` most watched videos, highest first, ties by id (in code point order)."""
    columns = video_metrics.c
    query = (
        select(columns.video_id, columns.watched_50_count)
        .where(columns.watched_50_count > 0)
        .order_by(columns.watched_50_count.desc(), columns.video_id)
        .limit(limit)
    )
    with reading() as connection:
        return [VideoCount(*row) for row in connection.execute(query)]


def counts_of(video_ids: Sequence[str]) -> dict[str, int]:
    """The counts of these videos; one that was never watched is absent."""
    columns = video_metrics.c
    counts: dict[str, int] = {}
    with reading() as connection:
        for start in range(0, len(video_ids), _CHUNK):
            chunk = video_ids[start : start + _CHUNK]
            query = select(columns.video_id, columns.watched_50_count).where(columns.video_id.in_(chunk))
            counts.update((video_id, count) for video_id, count in connection.execute(query))
    return counts
