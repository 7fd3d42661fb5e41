"""The schemas of answers' bodies. They only describe, and never load data. Field names are those of the JSON."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from pulse_analytics.catalogue.schemas import DetailsSchema
from pulse_analytics.enabled_event import EnabledEvent
from pulse_analytics.events import DEFAULT_EVENT, ID_RULES
from pulse_analytics.reports.funnel import REASONS
from pulse_analytics.reports.ranking import MAX_DAILY
from pulse_analytics.reports.schemas import DAY_RULES


def _text(description: str) -> fields.String:
    return fields.String(required=True, metadata=_words(description))


def _one_of(*choices: str) -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(choices))


def _count(description: str = "", **options: Any) -> fields.Integer:
    given = {"required": True, "validate": validate.Range(0), "metadata": _words(description), **options}
    return fields.Integer(**given)


def _counts(description: str) -> fields.Dict:
    return fields.Dict(fields.String(), fields.Integer(), required=True, metadata=_words(description))


def _share(description: str) -> fields.Float:
    return fields.Float(required=True, allow_none=True, metadata=_words(description))


def _day(description: str = "", *, allow_none: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=allow_none, metadata={**DAY_RULES, **_words(description)})


def _named(description: str) -> fields.String:
    return fields.String(required=True, allow_none=True, metadata=_words(description))


def _words(description: str) -> dict[str, str]:
    return {"description": description} if description else {}


_RANGE: dict[str, fields.Field[Any]] = {"since": _day(allow_none=True), "until": _day(allow_none=True)}
_VIDEO_ID = fields.String(required=True, metadata=ID_RULES)
_EVENT = fields.String(required=True, validate=EnabledEvent(), metadata=_words("The event type that was asked for."))
_COUNTS: dict[str, fields.Field[Any]] = {
    "watched50Count": _count(f"Its views: the count of `{DEFAULT_EVENT}`."),
    "counts": _counts("Its count of each event type of `PULSE_EVENTS`."),
}
_EVENT_ID = fields.UUID(metadata={"description": "The same report has the same id, today or next week."})

FieldError = Schema.from_dict(
    {"field": _text("The field or parameter, or `body`."), "detail": _text("What it must be.")}, name="FieldError"
)
_errors = fields.List(fields.Nested(FieldError), metadata={"description": "Every field that is wrong."})
_problem: dict[str, fields.Field[Any]] = {
    "type": _one_of("about:blank"),
    "title": _text("The status in words."),
    "status": _count(),
    "detail": _text("What failed, and what to do next."),
}
Problem = Schema.from_dict({**_problem, "errors": _errors}, name="Problem")

_report: dict[str, fields.Field[Any]] = {"eventId": fields.UUID(required=True, metadata=_EVENT_ID.metadata)}
Queued = Schema.from_dict({"status": _one_of("queued"), **_report}, name="Queued")
Duplicate = Schema.from_dict({"status": _one_of("duplicate"), **_report}, name="Duplicate")
Result = Schema.from_dict(
    {"status": _one_of("queued", "duplicate", "invalid"), "eventId": _EVENT_ID, "errors": _errors}, name="Result"
)
Results = Schema.from_dict(
    {
        "results": fields.List(
            fields.Nested(Result), required=True, metadata={"description": "One for each report, in order."}
        )
    },
    name="Results",
)

RankedVideo = Schema.from_dict(
    {
        "rank": _count(),
        "videoId": _VIDEO_ID,
        "title": _named("Its title in the catalogue."),
        "pageUrl": _named("The page that shows it."),
        **_COUNTS,
        "daily": fields.List(
            fields.Integer(),
            metadata={"description": f"`event` on each day, if the range has both ends and at most {MAX_DAILY} days."},
        ),
    },
    name="RankedVideo",
)
Ranking = Schema.from_dict(
    {
        **_RANGE,
        "event": _EVENT,
        "total": _count("The count of `event` of all videos in the range, on the page or not."),
        "totals": _counts("The same of each event type of `PULSE_EVENTS`."),
        "videos": fields.List(fields.Nested(RankedVideo), required=True),
        "nextCursor": fields.String(
            required=True, allow_none=True, metadata={"description": "For the next page; `null` on the last one."}
        ),
    },
    name="Ranking",
)
Day = Schema.from_dict({"day": _day(), **_COUNTS}, name="Day")
Milestone = Schema.from_dict(
    {
        "event": _text("The event type."),
        "share": fields.Float(required=True, metadata=_words("How much of the video is watched when it happens.")),
        "count": _count("In the range."),
        "shareOfFirst": _share("Of the count of the first milestone. `null` if they cannot be compared."),
        "dropOff": _share("How much less than the count of the milestone before. `null` if they cannot be compared."),
        "recordedSince": _day("The first day on which any video had it; `null`: never.", allow_none=True),
        "reason": fields.String(
            required=True,
            allow_none=True,
            validate=validate.OneOf(REASONS),
            metadata=_words(
                "Why it cannot be compared: not recorded in the range, or only later than its beginning, "
                "or counted more often than an earlier milestone."
            ),
        ),
    },
    name="Milestone",
)
Funnel = Schema.from_dict(
    {
        "milestones": fields.List(fields.Nested(Milestone), required=True),
        "estimatedShareWatched": _share(
            "How much of the video a view saw, on average: an estimate between the milestones. `null` if none is "
            "at the start, with one milestone only, and if any has a `reason`."
        ),
    },
    name="Funnel",
)
_FUNNEL = fields.Nested(Funnel, required=True, metadata=_words("Of the enabled event types, in the range."))
Video = Schema.from_dict(
    {
        "videoId": _VIDEO_ID,
        **_RANGE,
        "event": _EVENT,
        **_COUNTS,
        "total": _count("Its count of `event` of all time."),
        "rank": _count(
            "Its place of all time by `event`; `null` below the 10,000th, and without any.", allow_none=True
        ),
        "firstDay": _day("The first day with `event`; `null`: there is none.", allow_none=True),
        "lastDay": _day("The last one.", allow_none=True),
        "daily": fields.List(fields.Nested(Day), required=True),
        "funnel": _FUNNEL,
        "catalogue": fields.Nested(
            DetailsSchema,
            required=True,
            allow_none=True,
            metadata=_words("What the catalogue has of it."),
        ),
    },
    name="Video",
)
Series = Schema.from_dict(
    {**_RANGE, "event": _EVENT, "days": fields.List(fields.Nested(Day), required=True), "funnel": _FUNNEL},
    name="Series",
)
Live = Schema.from_dict(
    {
        "accepted": _count("Since the journal began."),
        "counted": _count("Of these, how many are in the database."),
        "duplicates": _count(),
        "waiting": _count("Accepted and not yet counted."),
        "parked": _count("Those that can never be counted: dead letters."),
        "suppressed": _count(
            "Crossings that players did not report, because the browser asks for privacy (`POST "
            "/analytics/suppressed`). An estimate, and part of no other figure."
        ),
        "oldestWaitingSeconds": fields.Float(
            required=True, allow_none=True, metadata={"description": "`null`: nothing waits."}
        ),
        "perMinute": fields.List(
            fields.Integer(),
            required=True,
            validate=validate.Length(equal=60),
            metadata={"description": "How many were counted in each of the last 60 minutes; the last is this one."},
        ),
        "evictedKeys": _count("Those that a full Redis evicted in this epoch; `null`: unknown.", allow_none=True),
        "memoryShare": fields.Float(
            required=True, allow_none=True, metadata={"description": "Of `maxmemory`, 0 to 1; `null`: no limit."}
        ),
        "unknownEvents": fields.Dict(
            keys=fields.String(),
            values=fields.Integer(),
            required=True,
            metadata={"description": "Of those that wait, by event: how many no worker knew yet. Upgrade the workers."},
        ),
        "at": _count("Now, in ms since 1970."),
    },
    name="Live",
)

Session = Schema.from_dict(
    {
        "signedIn": fields.Boolean(required=True),
        "csrfToken": _text("What a POST or DELETE sends as `X-CSRF-Token`."),
    },
    name="Session",
)
Alive = Schema.from_dict({"status": _one_of("ok")}, name="Alive")
Checks = Schema.from_dict({"redis": _text("`ok`, or what fails."), "database": _text("The same.")}, name="Checks")
_checks: dict[str, fields.Field[Any]] = {"checks": fields.Nested(Checks, required=True)}
Ready = Schema.from_dict({"status": _one_of("ready"), **_checks}, name="Ready")
NotReady = Schema.from_dict({**_problem, **_checks}, name="NotReady")
