"""GET /admin/analytics/live: the journal right now.

The only report that reads the journal instead of the database.
"""

from __future__ import annotations

from typing import TypedDict

from flask import Blueprint, request

from pulse_analytics.ingest.journal import answering
from pulse_analytics.reports import schemas

blueprint = Blueprint("live", __name__)

_no_parameters = schemas.QuerySchema()


class LiveBody(TypedDict):
    """The body of an answer."""

    accepted: int
    counted: int
    duplicates: int
    waiting: int
    parked: int
    suppressed: int
    oldestWaitingSeconds: float | None
    perMinute: list[int]
    evictedKeys: int | None
    memoryShare: float | None
    unknownEvents: dict[str, int]
    at: int


@blueprint.get("/live")
def live() -> LiveBody:
    """The journal's own counters: accepted and counted since it was created, waiting now, counted in each minute; and
    Redis' memory: null if Redis refuses to say, or has no limit."""
    schemas.load_query(_no_parameters, request.args)
    with answering() as journal:
        now, memory = journal.live(), journal.memory()
    return {
        "accepted": now.accepted,
        "counted": now.settled,
        "duplicates": now.duplicate,
        "waiting": now.waiting,
        "parked": now.parked,
        "suppressed": now.suppressed,
        "oldestWaitingSeconds": now.oldest_waiting_seconds,
        "perMinute": now.per_minute,
        "evictedKeys": memory.evicted if memory else None,
        "memoryShare": memory.share if memory else None,
        "unknownEvents": now.unknown,
        "at": now.at,
    }
