"""POST /analytics and POST /analytics/batch: parse, accept, answer."""

from __future__ import annotations

import json
import time
from typing import Literal, NotRequired, TypedDict

from flask import Blueprint, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from pulse_analytics.config import BATCH_BODY_LIMIT_BYTES, BODY_LIMIT_BYTES
from pulse_analytics.errors import FieldError, FixRequest
from pulse_analytics.events import Event
from pulse_analytics.ingest import intake, schemas

blueprint = Blueprint("ingest", __name__, url_prefix="/analytics")


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
    event = schemas.load_report(_read_json(BODY_LIMIT_BYTES), _now())
    [accepted] = intake.accept([event])
    return _result(event, accepted=accepted), 202 if accepted else 200


@blueprint.post("/batch")
def report_batch() -> tuple[Results, int]:
    """Accept up to 500 reports: 202 with one result for each, in order."""
    items = schemas.load_batch(_read_json(BATCH_BODY_LIMIT_BYTES), _now())
    accepted = iter(intake.accept([item for item in items if isinstance(item, Event)]))
    results = [_result(item, accepted=next(accepted)) if isinstance(item, Event) else _invalid(item) for item in items]
    return {"results": results}, 202


def _read_json(limit_bytes: int) -> object:
    """The request's JSON. Raises FixRequest, or the HTTP exception for a wrong type (415) or size (413)."""
    # A beacon sends text/plain, because that type needs no preflight.
    if request.mimetype not in {"application/json", "text/plain"}:
        raise UnsupportedMediaType("Send application/json, or text/plain holding JSON.")
    # One byte more than the limit, because Werkzeug cuts a chunked body off there without an error.
    request.max_content_length = limit_bytes + 1
    body = request.get_data(cache=False)
    if len(body) > limit_bytes:
        raise RequestEntityTooLarge
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # Not UTF-8, not JSON, too long a number or too deep.
        raise FixRequest(FieldError("body", "Must be valid JSON.")) from error


def _now() -> int:
    return time.time_ns() // 1_000_000


def _result(event: Event, *, accepted: bool) -> Result:
    return {"status": "queued" if accepted else "duplicate", "eventId": event.id}


def _invalid(error: FixRequest) -> Result:
    return {"status": "invalid", "errors": [{"field": e.field, "detail": e.detail} for e in error.errors]}
