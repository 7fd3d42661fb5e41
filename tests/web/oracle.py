"""Valid requests with the answers that the documentation promises, and the rules that every answer must obey."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from jsonschema_rs import Draft202012Validator

from pulse_analytics.config import BATCH_BODY_LIMIT_BYTES
from pulse_analytics.events import event_id
from tests.contract.ask import BEARER, JSON, TS, report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

STATUSES = {200, 202, 204, 206, 303, 304, 308, 400, 401, 403, 404, 405, 408, 413, 415, 416, 429, 431}
"""All that the documentation knows; 206, 304 and 416 are answers to Range and If-None-Match. A 503 would say that a
server is down, and none is: only /readyz may, of one that is slow on a busy machine."""


class Answer(NamedTuple):
    """An answer."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    data: bytes


class Sound(NamedTuple):
    """A request that is valid, or invalid in one known way, and its answer."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer: Any
    """The body of the answer, or a part of it."""

    def as_bytes(self) -> bytes:
        """The request as it is sent."""
        headers = {"Host": "127.0.0.1", **self.headers, "Content-Length": str(len(self.body))}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body

    def is_answered_by(self, answer: Answer) -> bool:
        """Whether this is the expected answer."""
        if self.path == "/readyz" and answer.status == 503:
            return _says_what_lacks(answer)
        if answer.status != self.status:
            return False
        got = json.loads(answer.data or b"null")
        return bool({**got, **self.answer} == got if isinstance(self.answer, dict) else self.answer == got)


class Oracle:
    """Judges answers by the documentation and the OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._report = Draft202012Validator(document["components"]["schemas"]["Report"])

    def sound_request(self, random: Random, name: str) -> Sound:
        """A valid request, with a viewer that no other request has."""
        fresh = report("sound", name)
        again = {**fresh, "ts": TS + 1}
        queued, duplicate = _result("queued", fresh), _result("duplicate", again)
        wrong = {"status": "invalid", "errors": [{"field": "ts", "detail": "Not a valid integer."}]}
        results = [queued, duplicate, wrong]
        problem = {"status": 400, "errors": [{"field": "ts", "detail": "Not a valid integer."}]}
        return random.choice(
            [
                _post("/analytics", fresh, 202, queued),
                _post("/analytics", fresh, 202, queued, "text/plain"),
                _post("/analytics", {**fresh, "ts": "soon"}, 400, problem),
                _post("/analytics", fresh, 415, {"status": 415}, "text/html"),
                _post("/analytics", {**fresh, "pad": "x" * 16_384}, 413, {"status": 413}),
                _post("/analytics/batch", {"events": [fresh, again, {**again, "ts": "x"}]}, 202, {"results": results}),
                _post("/analytics/batch", {"events": []}, 400, {"status": 400}),
                Sound("POST", "/analytics/suppressed", {}, b"", 204, None),
                _post("/analytics/suppressed", {}, 204, None),
                _post("/analytics/suppressed", fresh, 400, {"status": 400}),
                _post("/nowhere", fresh, 404, {"status": 404}),
                _get("/healthz", 200, {"status": "ok"}),
                _get("/readyz", 200, {"status": "ready", "checks": {"redis": "ok", "database": "ok"}}),
                _get("/admin/analytics/top?limit=1", 200, {"since": None, "until": None}, BEARER),
                _get("/admin/analytics/top", 401, {"status": 401}),
                _get("/admin/analytics/videos/none", 404, {"status": 404}, BEARER),
                _get("/admin/session", 200, {"signedIn": False}),
                _get("/analytics", 405, {"status": 405}),
            ]
        )

    def faults(self, body: bytes, answer: Answer) -> str:
        """The fault of an answer to a request of which only the body is known; "" if none can be seen."""
        if answer.status not in STATUSES and not _says_what_lacks(answer):
            return f"{answer.status} is no status that is documented"
        kind = answer.headers.get("content-type", "").partition(";")[0]
        # What is no HTTP is refused before the application sees it.
        if (
            answer.status >= 400
            and answer.data
            and kind != "application/problem+json"
            and answer.status not in {400, 431}
        ):
            return f"an error in {kind}"
        if answer.status == 202:
            return self._fault_of_acceptance(json.loads(body[:BATCH_BODY_LIMIT_BYTES]), json.loads(answer.data))
        return ""

    def _fault_of_acceptance(self, sent: Any, answer: Any) -> str:
        items, results = (sent["events"], answer["results"]) if "results" in answer else ([sent], [answer])
        for item, result in zip(items, results, strict=True):
            if self._is_sound(item) == (result["status"] == "invalid"):
                return f"{result} for {item!r}"
        return ""

    def _is_sound(self, item: Any) -> bool:
        try:
            # To JSON Schema 1.0 is an integer.
            return self._report.is_valid(item) and type(item["ts"]) is int
        except ValueError:  # A lone surrogate, or a number beyond all bounds.
            return False


def _says_what_lacks(answer: Answer) -> bool:
    """Whether this is the 503 of /readyz, which names the failing server."""
    return answer.status == 503 and b'"checks"' in answer.data


def queued_in(answer: Answer) -> int:
    """How many events this answer promises to count."""
    if answer.status != 202:
        return 0
    said = json.loads(answer.data)
    return sum(result["status"] == "queued" for result in said.get("results", [said]))


def _result(status: str, sent: dict[str, Any]) -> dict[str, str]:
    return {"status": status, "eventId": event_id(sent["videoId"], sent["event"], sent["userId"], sent["ts"])}


def _post(path: str, body: Any, status: int, answer: Any, content_type: str = JSON) -> Sound:
    return Sound("POST", path, {"Content-Type": content_type}, json.dumps(body).encode(), status, answer)


def _get(path: str, status: int, answer: Any, headers: Mapping[str, str] | None = None) -> Sound:
    return Sound("GET", path, headers or {}, b"", status, answer)
