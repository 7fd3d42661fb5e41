"""The parameters and answers of the routes that erase one person's data."""

from __future__ import annotations

from marshmallow import Schema, fields

from pulse_analytics.events import ID_RULES
from pulse_analytics.retention.receipts import NOT_ERASED
from pulse_analytics.retention.views import ForgetSchema
from pulse_analytics.web.openapi.answers import Problem
from pulse_analytics.web.openapi.parts import PROBLEM, Part, answer, content, header, problems

_ERASURE = "8c1d4c1e-6f0a-4c55-9d6e-0d4f8f6a2b11"

_Receipt = Schema.from_dict(
    {
        "id": fields.String(required=True),
        "status": fields.String(required=True, metadata={"enum": ["waiting", "running", "finished"]}),
        "requestedAt": fields.DateTime(required=True),
        "finishedAt": fields.DateTime(required=True, allow_none=True),
        "withCounts": fields.Boolean(required=True),
        "waitingEntries": fields.Integer(
            required=True, metadata={"description": "Reports that were accepted and had to be recorded first."}
        ),
        "rawEvents": fields.Integer(required=True),
        "deadLetters": fields.Integer(required=True),
        "dedupeKeys": fields.Integer(required=True),
        "notErased": fields.List(
            fields.String(), required=True, metadata={"description": "What an erasure does not reach."}
        ),
    },
    name="Receipt",
)

_WAITING: Part = {
    "id": _ERASURE,
    "status": "waiting",
    "requestedAt": "2026-01-01T12:00:00+00:00",
    "finishedAt": None,
    "withCounts": False,
    "waitingEntries": 0,
    "rawEvents": 0,
    "deadLetters": 0,
    "dedupeKeys": 0,
    "notErased": [*NOT_ERASED],
}
_FINISHED: Part = {
    **_WAITING,
    "status": "finished",
    "finishedAt": "2026-01-01T12:00:01+00:00",
    "rawEvents": 12,
    "dedupeKeys": 3,
}

ERASURES: dict[str, Part] = {
    "admin.retention.forget": {
        "tags": ["Erasures"],
        "summary": "Erase every trace of a user",
        "description": "A worker does it; `Location` is its receipt. Until it is finished, the same request is "
        "the same erasure.",
        "security": [{"adminToken": []}, {"session": [], "csrfToken": []}],
        "parameters": [
            {
                "name": "user_id",
                "in": "path",
                "description": "The user, percent-encoded. `.` and `..` cannot be asked for: use `pulse forget`.",
                "schema": {"type": "string", **ID_RULES, "examples": ["u-1"]},
            },
            {"in": "query", "schema": ForgetSchema},
        ],
        "responses": {
            "202": answer(
                "It will be done.", _Receipt, {"Location": header("The path of its receipt.")}, example=_WAITING
            ),
            **problems(400, 401, 403, 503),
        },
    },
    "admin.retention.show": {
        "tags": ["Erasures"],
        "summary": "The receipt of an erasure",
        "security": [{"adminToken": []}, {"session": []}],
        "parameters": [
            {
                "name": "erasure_id",
                "in": "path",
                "schema": {"type": "string", "minLength": 1, "examples": [_ERASURE]},
            }
        ],
        "responses": {
            "200": answer("It, with what is gone so far.", _Receipt, example=_FINISHED),
            "404": {"description": "There is no such erasure.", "content": content(Problem, PROBLEM)},
            **problems(401, 503),
        },
    },
}
