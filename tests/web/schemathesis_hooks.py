"""Rules for valid requests that OpenAPI cannot express: schemathesis sends no request as valid that breaks them."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from ipaddress import ip_address
from itertools import count
from typing import Any

import schemathesis

from pulse_analytics.reports.schemas import MAX_DAYS
from tests.reports.conftest import FIRST, day

LAST = day(3)
"""The end of what the test's history holds."""


_senders = count(1)


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Send each case from an address of its own: after five wrong tokens from one, the answer is 429 and not 401."""
    case.headers["X-Forwarded-For"] = str(ip_address("10.0.0.0") + next(_senders))


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Whether a case is sent."""
    query: dict[str, Any] = case.query or {}
    # JSON Schema takes 1.0 for an integer, and any text for a cursor.
    fraction = isinstance(case.body, dict) and isinstance(case.body.get("ts"), float)
    return not fraction and "cursor" not in query and _can_be_a_range(query) and _are_once(case.body)


def _are_once(body: Any) -> bool:
    """False for entries of the catalogue of which two have the same id."""
    videos = body.get("videos") if isinstance(body, dict) else None
    ids = [video.get("videoId") for video in videos if isinstance(video, dict)] if isinstance(videos, list) else []
    return len({str(video_id) for video_id in ids}) == len(ids)


def _can_be_a_range(query: dict[str, Any]) -> bool:
    """False for two days of which the first is not before the second, and for too many days."""
    with suppress(ValueError, TypeError):
        since, until = (date.fromisoformat(query[name]) if name in query else None for name in ("since", "until"))
        days = ((until or LAST) - (since or FIRST)).days
        return days <= MAX_DAYS and not (since and until and days <= 0)
    return True
