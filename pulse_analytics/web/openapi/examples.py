"""The examples of requests and answers: what an application with the default settings answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulse_analytics.events import DEFAULT_EVENT, EVENT_TYPES, event_id
from pulse_analytics.reports.export import header_of

if TYPE_CHECKING:
    from pulse_analytics.web.openapi.parts import Part

REPORT: Part = {"videoId": "intro", "event": DEFAULT_EVENT, "userId": "u-1", "ts": 1767225600000}
LATER: Part = {**REPORT, "ts": 1767225660000}
OTHER: Part = {**REPORT, "userId": "u-2"}
WRONG: Part = {"status": "invalid", "errors": [{"field": "ts", "detail": "Not a valid integer."}]}


def result(status: str, report: Part) -> Part:
    """The answer to a report, or its result in a batch."""
    return {"status": status, "eventId": event_id(*(report[name] for name in ("videoId", "event", "userId", "ts")))}


def _counted(count: int) -> Part:
    return {"watched50Count": count, "counts": {DEFAULT_EVENT: count}}


def _funnel(count: int) -> Part:
    shares = {"share": EVENT_TYPES[DEFAULT_EVENT].share, "count": count, "shareOfFirst": 1.0, "dropOff": None}
    milestone = {"event": DEFAULT_EVENT, **shares, "recordedSince": "2026-01-01", "reason": None}
    return {"milestones": [milestone], "estimatedShareWatched": None}


_ASKED = {"since": "2026-01-01", "until": "2026-01-04", "event": DEFAULT_EVENT}
_BY_DAY = {"2026-01-01": 1, "2026-01-02": 0, "2026-01-03": 3}
_DAYS = [{"day": day, **_counted(count)} for day, count in _BY_DAY.items()]
_RANKED = {
    "rank": 1,
    "videoId": "intro",
    "title": None,
    "pageUrl": None,
    **_counted(4),
    "daily": [*_BY_DAY.values()],
}
_ENDS = {"firstDay": "2026-01-01", "lastDay": "2026-01-03"}

RANKING: Part = {**_ASKED, "total": 5, "totals": {DEFAULT_EVENT: 5}, "videos": [_RANKED], "nextCursor": None}
VIDEO: Part = {
    "videoId": "intro",
    **_ASKED,
    **_counted(4),
    "total": 4,
    "rank": 1,
    **_ENDS,
    "daily": _DAYS,
    "funnel": _funnel(4),
    "catalogue": None,
}
SERIES: Part = {**_ASKED, "days": [{**_DAYS[0], **_counted(2)}, *_DAYS[1:]], "funnel": _funnel(5)}
CSV = f'{header_of([DEFAULT_EVENT])}"intro",4\r\n'

LIVE: Part = {
    "accepted": 9,
    "counted": 7,
    "duplicates": 1,
    "waiting": 2,
    "parked": 0,
    "suppressed": 3,
    "oldestWaitingSeconds": 0.05,
    "perMinute": [0] * 59 + [7],
    "evictedKeys": 0,
    "memoryShare": 0.25,
    "unknownEvents": {},
    "at": 1767225600000,
}
CHECKS = {"redis": "ok", "database": "ok"}
