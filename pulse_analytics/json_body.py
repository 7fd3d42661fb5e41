"""A request's body, with a limit on its size: JSON, or nothing."""

from __future__ import annotations

import json

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from pulse_analytics.errors import FieldError, FixRequest


def read_json(limit_bytes: int, *kinds: str) -> object:
    """The body's JSON, of one of these media types.

    Raises FixRequest, or the HTTP exception for another type (415) or a larger body (413).
    """
    if request.mimetype not in kinds:
        raise UnsupportedMediaType(f"Send {', or '.join([kinds[0], *(f'{kind} holding JSON' for kind in kinds[1:])])}.")
    body = _read(limit_bytes)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # Not UTF-8, not JSON, too long a number or too deep.
        raise FixRequest(FieldError("body", "Must be valid JSON.")) from error


def read_nothing(limit_bytes: int) -> None:
    """Read a body that says nothing: an empty one, or `{}` of any media type.

    Raises FixRequest, or the HTTP exception for a larger body (413).
    """
    if _read(limit_bytes).strip() not in {b"", b"{}"}:
        raise FixRequest(FieldError("body", "Must be empty, or {}."))


def _read(limit_bytes: int) -> bytes:
    # One byte more than the limit, because Werkzeug cuts a chunked body off there without an error.
    request.max_content_length = limit_bytes + 1
    body = request.get_data(cache=False)
    if len(body) > limit_bytes:
        raise RequestEntityTooLarge
    return body
