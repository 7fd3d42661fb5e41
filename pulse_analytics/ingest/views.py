"""POST /analytics, /analytics/batch and /analytics/suppressed: parse, accept, answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

from flask import Blueprint

from pulse_analytics.config import BATCH_BODY_LIMIT_BYTES, BODY_LIMIT_BYTES
from pulse_analytics.events import Event
from pulse_analytics.ingest import intake, schemas
from pulse_analytics.ingest.journal import answering
from pulse_analytics.json_body import read_json, read_nothing

if TYPE_CHECKING:
    from pulse_analytics.errors import FixRequest

blueprint = Blueprint("ingest", __name__, url_prefix="/analytics")

# A beacon sends text/plain, because that type needs no preflight.
_TYPES = ("application/json", "text/plain")


class Fault(TypedDict):
    """A fault of a report."""

    field: str
    detail: str


class Result(TypedDict):
    """The outcome of one report."""

    status: Literal["queued", "duplicate", "invalid"]
    eventId: NotRequired[str]
    errors: NotRequired[list[Fault]]


class Results(TypedDict):
    """The outcomes of a batch, in its order."""

    results: list[Result]


@blueprint.post("")
def report() -> tuple[Result, int]:
    """Accept one report: 202 queued (it is counted exactly once) or 200 duplicate."""
    event = schemas.load_report(read_json(BODY_LIMIT_BYTES, *_TYPES), _now())
    [accepted] = intake.accept([event])
    return _result(event, accepted=accepted), 202 if accepted else 200


@blueprint.post("/batch")
def report_batch() -> tuple[Results, int]:
    """Accept up to 500 reports: 202 with one result for each, in order."""
    items = schemas.load_batch(read_json(BATCH_BODY_LIMIT_BYTES, *_TYPES), _now())
    accepted = iter(intake.accept([item for item in items if isinstance(item, Event)]))
    results = [_result(item, accepted=next(accepted)) if isinstance(item, Event) else _invalid(item) for item in items]
    return {"results": results}, 202


@blueprint.post("/suppressed")
def suppressed() -> tuple[str, int]:
    """Count a crossing that the player does not report, because the viewer's browser asks for privacy: 204.

    The count is an estimate, because a copy of the request counts again."""
    read_nothing(BODY_LIMIT_BYTES)
    with answering() as journal:
        journal.suppress()
    return "", 204


def _now() -> int:
    return time.time_ns() // 1_000_000


def _result(event: Event, *, accepted: bool) -> Result:
    return {"status": "queued" if accepted else "duplicate", "eventId": event.id}


def _invalid(error: FixRequest) -> Result:
    return {"status": "invalid", "errors": [{"field": e.field, "detail": e.detail} for e in error.errors]}
