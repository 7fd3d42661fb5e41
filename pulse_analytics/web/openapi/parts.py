"""What operations share: the errors, and shorthands for writing an operation down."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pulse_analytics import config
from pulse_analytics.events import ID_RULES
from pulse_analytics.web.openapi import answers
from pulse_analytics.web.sessions import CSRF_HEADER

Part = dict[str, Any]
"""A part of an OpenAPI document, in which a marshmallow schema may stand for its JSON Schema."""

JSON = "application/json"
PROBLEM = "application/problem+json"

VIDEO_ID: Part = {
    "name": "video_id",
    "in": "path",
    "description": "The video, percent-encoded. `.` and `..` cannot be asked for: clients resolve them as folders.",
    "schema": {"type": "string", **ID_RULES, "examples": ["intro"]},
}

SECURITY_SCHEMES: Part = {
    "adminToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "`PULSE_ADMIN_TOKEN`, or one of `PULSE_ADMIN_TOKENS`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "pulse_session",
        "description": "What `POST /admin/session` gives a browser.",
    },
    "csrfToken": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "The `csrfToken` of `GET /admin/session`, with the cookie that came with it.",
    },
}


def content(schema: object, *kinds: str, **examples: object) -> Part:
    """A body of some media types."""
    named = {name: {"value": value} for name, value in examples.items()}
    return {kind: {"schema": schema, **({"examples": named} if named else {})} for kind in kinds or (JSON,)}


def answer(description: str, schema: object, headers: Part | None = None, **examples: object) -> Part:
    """An answer in JSON. A request that an example shows is answered with the example of the same name."""
    return {
        "description": description,
        **({"headers": headers} if headers else {}),
        "content": content(schema, **examples),
    }


def body(schema: object, limit_bytes: int, *kinds: str, **examples: object) -> Part:
    """A request's body."""
    description = f"At most {limit_bytes // 1024} KiB."
    return {"required": True, "description": description, "content": content(schema, *kinds, **examples)}


def header(description: str, kind: str = "string") -> Part:
    """A header of an answer."""
    return {"description": description, "schema": {"type": kind}}


def problems(*statuses: int) -> Part:
    """The answers that are errors."""
    return {str(status): f"Problem{status}" for status in statuses}


def _problem(
    status: int, description: str, detail: str, headers: Part | None = None, errors: list[Part] | None = None
) -> Part:
    named = {"errors": errors} if errors else {}
    example = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **named}
    return {
        "description": description,
        **({"headers": headers} if headers else {}),
        "content": content(answers.Problem, PROBLEM, problem=example),
    }


_retry_after = {"Retry-After": header("After how many seconds to send the same request again.", "integer")}

PROBLEMS = {
    400: _problem(
        400,
        "The request can never succeed as it is. `errors` names every field or parameter that is wrong.",
        "Not accepted: ts.",
        errors=[{"field": "ts", "detail": "Not a valid integer."}],
    ),
    401: _problem(
        401,
        "The admin token is missing or wrong.",
        "Send the admin token: `Authorization: Bearer <token>`, or sign in.",
        {"WWW-Authenticate": header('`Bearer realm="pulse_analytics"`.')},
    ),
    403: _problem(
        403,
        "No page of ours sent this: the CSRF token is missing or wrong.",
        f"Send the csrfToken of GET /admin/session as {CSRF_HEADER}.",
    ),
    404: _problem(404, "Nobody has watched this video.", "Nobody has watched this video."),
    408: _problem(
        408,
        f"The body did not arrive within {config.BODY_SECONDS:g} s. The connection closes.",
        f"The body did not arrive within {config.BODY_SECONDS:g} s.",
    ),
    413: _problem(
        413,
        "The body is larger than its limit. The connection closes.",
        "The data value transmitted exceeds the capacity limit.",
    ),
    415: _problem(
        415,
        "The body has another media type.",
        "Send application/json, or text/plain holding JSON.",
    ),
    429: _problem(
        429,
        f"{config.SIGN_IN_TRIES} wrong tries of this address within {config.SIGN_IN_SECONDS} s.",
        "Too many wrong tries.",
        _retry_after,
    ),
    503: _problem(
        503,
        "Redis or the database is down, hung or full: retry after `Retry-After` seconds. Or no admin token is "
        "configured, which only the operator can change. The outcome may be unknown: a retry is safe.",
        "Redis does not answer. The outcome may be unknown: it is safe to send the same request again.",
        _retry_after,
    ),
}
