"""Errors as answers: RFC 9457 problem+json, naming the fields."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, json
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from pulse_analytics.config import OUTAGE_LOG_SECONDS, RETRY_AFTER_SECONDS
from pulse_analytics.errors import Configure, FixRequest, Forbidden, SlowDown, TryAgain, Unauthorized, in_short
from pulse_analytics.sparse_log import SparseLog

if TYPE_CHECKING:
    from flask import Flask

_outages = SparseLog(logging.getLogger(__name__), OUTAGE_LOG_SECONDS)


def init_problems(app: Flask) -> None:
    """Make `app` answer every error, its own and Flask's, with problem+json."""
    app.json = _Json(app)
    app.register_error_handler(FixRequest, _fix_request)
    app.register_error_handler(TryAgain, _try_again)
    app.register_error_handler(Configure, _configure)
    app.register_error_handler(Unauthorized, _unauthorized)
    app.register_error_handler(Forbidden, _forbidden)
    app.register_error_handler(SlowDown, _slow_down)
    app.register_error_handler(HTTPException, _http_exception)


class _Json(DefaultJSONProvider):
    """Flask's JSON, which also rejects JSON that is nested too deeply, so that `request.get_json()` answers 400."""

    def loads(self, s: str | bytes, **options: Any) -> Any:
        try:
            return super().loads(s, **options)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def problem(status: int, detail: str, **members: Any) -> Response:
    """A problem+json answer."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    return Response(json.dumps(body), status, content_type="application/problem+json")


def _fix_request(error: FixRequest) -> Response:
    errors = [{"field": e.field, "detail": e.detail} for e in error.errors]
    return problem(400, f"Not accepted: {', '.join(e.field for e in error.errors)}.", errors=errors)


def _try_again(error: TryAgain) -> Response:
    _outages.warning(f"Answering 503: {error}{_reason_of(error)}")
    answer = problem(503, f"{error} The outcome may be unknown: it is safe to send the same request again.")
    answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


def _reason_of(error: TryAgain) -> str:
    cause = error.__cause__
    return "" if cause is None else f" {type(cause).__name__}: {in_short(cause)}"


def _configure(error: Configure) -> Response:
    return problem(503, str(error))


def _unauthorized(error: Unauthorized) -> Response:
    answer = problem(401, str(error))
    answer.headers["WWW-Authenticate"] = 'Bearer realm="pulse_analytics"'
    return answer


def _forbidden(error: Forbidden) -> Response:
    return problem(403, str(error))


def _slow_down(error: SlowDown) -> Response:
    answer = problem(429, str(error))
    answer.headers["Retry-After"] = str(error.retry_after_seconds)
    return answer


def _http_exception(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error  # A redirect.
    answer = problem(error.code, error.description or "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    return answer
