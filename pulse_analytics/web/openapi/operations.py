"""The parameters and answers of each route, by its endpoint. Its path and the schema of its body come from the code."""

from __future__ import annotations

from pulse_analytics.config import BATCH_BODY_LIMIT_BYTES, BODY_LIMIT_BYTES
from pulse_analytics.ingest.schemas import BatchSchema, ReportSchema
from pulse_analytics.reports.schemas import MAX_DAYS, DaysSchema, ExportSchema, TopSchema
from pulse_analytics.web.openapi import answers, examples
from pulse_analytics.web.openapi.catalogue import CATALOGUE
from pulse_analytics.web.openapi.erasures import ERASURES
from pulse_analytics.web.openapi.parts import JSON, PROBLEM, VIDEO_ID, Part, answer, body, content, header, problems
from pulse_analytics.web.sign_in import SignInSchema

_REPORT_TYPES = (JSON, "text/plain")
_ADMIN: list[Part] = [{"adminToken": []}, {"session": []}]
_CHANGE: list[Part] = [{"session": [], "csrfToken": []}]

_MANY_DAYS = f"More than {MAX_DAYS:,} days are 400; of all time it is the last {MAX_DAYS:,}."


def _report_of(
    schema: object, summary: str, description: str, good: Part, *errors: int, path: Part | None = None
) -> Part:
    """A report of the admin."""
    return {
        "tags": ["Reports"],
        "summary": summary,
        "description": description,
        "security": _ADMIN,
        "parameters": [*([path] if path else []), {"in": "query", "schema": schema}],
        "responses": {"200": good, **problems(400, 401, *errors, 503)},
    }


OPERATIONS: dict[str, Part] = {
    "ingest.report": {
        "tags": ["Players"],
        "summary": "Report a view",
        "description": "202 means counted exactly once, whatever is killed, retried or sent twice. After a 503 or no "
        "answer send the same report again, with the same `ts`. Unknown fields are ignored. `text/plain` holding JSON "
        "is what `sendBeacon` sends without a preflight.",
        "requestBody": body(
            ReportSchema, BODY_LIMIT_BYTES, *_REPORT_TYPES, queued=examples.REPORT, duplicate=examples.LATER
        ),
        "responses": {
            "200": answer(
                "This viewer and video count already, or an earlier attempt got through.",
                answers.Duplicate,
                duplicate=examples.result("duplicate", examples.LATER),
            ),
            "202": answer("Accepted.", answers.Queued, queued=examples.result("queued", examples.REPORT)),
            **problems(400, 408, 413, 415, 503),
        },
    },
    "ingest.report_batch": {
        "tags": ["Players"],
        "summary": "Report many views",
        "description": "Each report is judged by itself: a bad one costs only its own result, and each result promises "
        "what the single answer would.",
        "requestBody": body(
            BatchSchema,
            BATCH_BODY_LIMIT_BYTES,
            *_REPORT_TYPES,
            batch={"events": [examples.OTHER, examples.LATER, {**examples.OTHER, "ts": "x"}]},
        ),
        "responses": {
            "202": answer(
                "Every report has its result, in order.",
                answers.Results,
                batch={
                    "results": [
                        examples.result("queued", examples.OTHER),
                        examples.result("duplicate", examples.LATER),
                        examples.WRONG,
                    ]
                },
            ),
            **problems(400, 408, 413, 415, 503),
        },
    },
    "ingest.suppressed": {
        "tags": ["Players"],
        "summary": "Count a view that is not reported",
        "description": "For players with `respectPrivacySignals`, where the browser says Global Privacy Control or Do "
        "Not Track: one milestone was passed, and nothing else is said. The count is an estimate (`suppressed` of "
        "`/admin/analytics/live`): sent twice, it counts twice. Do not retry.",
        "requestBody": {
            **body({"type": "object", "maxProperties": 0}, BODY_LIMIT_BYTES, *_REPORT_TYPES, nothing={}),
            "required": False,
        },
        "responses": {"204": {"description": "Counted."}, **problems(400, 408, 413, 503)},
    },
    "admin.reports.top": _report_of(
        TopSchema,
        "The most watched videos",
        "Ties are ordered by `videoId`, in code point order. Videos without any `event` in the range are left out.",
        answer("A page of the ranking.", answers.Ranking, example=examples.RANKING),
    ),
    "admin.reports.video": _report_of(
        DaysSchema,
        "One video",
        f"With a row for each day, zeros included. {_MANY_DAYS}",
        answer("The video.", answers.Video, example=examples.VIDEO),
        404,
        path=VIDEO_ID,
    ),
    "admin.reports.series": _report_of(
        DaysSchema,
        "The counts of all videos by day",
        _MANY_DAYS,
        answer("The days.", answers.Series, example=examples.SERIES),
    ),
    "admin.reports.export_csv": _report_of(
        ExportSchema,
        "The counts as CSV",
        "Every video with a count in the range, by id, with a column for each of `PULSE_EVENTS`. An id that a "
        "spreadsheet would take for a formula gets an apostrophe in front. If an error ends the export, the last line "
        "begins with `INCOMPLETE`.",
        {
            "description": "The file, in UTF-8, streamed.",
            "headers": {"Content-Disposition": header("Its name.")},
            "content": content({"type": "string"}, "text/csv", example=examples.CSV),
        },
    ),
    "admin.live.live": {
        "tags": ["Reports"],
        "summary": "The journal right now",
        "security": _ADMIN,
        "responses": {
            "200": answer("Its own counters.", answers.Live, example=examples.LIVE),
            **problems(400, 401, 503),
        },
    },
    **CATALOGUE,
    **ERASURES,
    "sign_in.show": {
        "tags": ["Session"],
        "summary": "Whether this browser is signed in",
        "responses": {
            "200": answer(
                "Its state.",
                answers.Session,
                {"Set-Cookie": header("`pulse_session`, for `/admin` only.")},
                example={"signedIn": False, "csrfToken": "q0PBb2zqPnUJpH0wIbr5vH3hT8cU0F1K"},
            ),
            "303": {"description": "To whom asks for `text/html`.", "headers": {"Location": header("`/admin`.")}},
            **problems(503),
        },
    },
    "sign_in.sign_in": {
        "tags": ["Session"],
        "summary": "Sign in",
        "security": _CHANGE,
        "requestBody": body(SignInSchema, BODY_LIMIT_BYTES, signedIn={"token": "the-admin-token"}),
        "responses": {
            "200": answer(
                "Signed in, with another cookie and CSRF token.",
                answers.Session,
                {"Set-Cookie": header("`pulse_session`.")},
                signedIn={"signedIn": True, "csrfToken": "nGm0zqPnUJpH0wIbr5vH3hT8cU0F1Kxb"},
            ),
            **problems(400, 401, 403, 408, 413, 415, 429, 503),
        },
    },
    "sign_in.sign_out": {
        "tags": ["Session"],
        "summary": "Sign out",
        "security": _CHANGE,
        "responses": {"204": {"description": "The browser forgets the session."}, **problems(403, 503)},
    },
    "health.healthz": {
        "tags": ["Operators"],
        "summary": "The process lives",
        "responses": {"200": answer("It does.", answers.Alive, example={"status": "ok"})},
    },
    "health.readyz": {
        "tags": ["Operators"],
        "summary": "Reports can be accepted and recorded",
        "description": "What it answers is at most a second old.",
        "responses": {
            "200": answer("They can.", answers.Ready, example={"status": "ready", "checks": examples.CHECKS}),
            "503": {"description": "They cannot; `checks` says why.", "content": content(answers.NotReady, PROBLEM)},
        },
    },
    "openapi.document": {
        "tags": ["Operators"],
        "summary": "This document",
        "responses": {"200": answer("OpenAPI 3.1.", {"type": "object"})},
    },
}
