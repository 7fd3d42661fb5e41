"""An answer, reduced to the parts that must not change: no times, secrets or wording."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

#: An answer in the recording: `status`, `headers`, and `body` where one is kept.
Reduced = dict[str, Any]

PROBLEM = "application/problem+json"
LONG = 100
"""A list of more items is kept as its length, its ends and a digest of it all."""

_KEPT = {
    "allow",
    "cache-control",
    "content-disposition",
    "content-range",
    "content-type",
    "location",
    "retry-after",
    "vary",
    "www-authenticate",
}
_SETS = {"allow", "vary", "access-control-allow-methods", "access-control-allow-headers"}
"""Headers whose value is a set: its order means nothing, and follows a hash in some."""
_MASKED = {"csrfToken": "<token>", "at": "<ms>", "oldestWaitingSeconds": "<seconds>", "memoryShare": "<share>"}
"""Members whose value is another in each run."""
_ADDED = {"event", "totals", "counts", "funnel"}
"""Members that answers of reports have gained since the recording."""
_ADDED_TO_VIDEOS = {"title", "pageUrl", "catalogue"}
_RENAMED = {
    "Content Too Large": "Request Entity Too Large",
    "Range Not Satisfiable": "Requested Range Not Satisfiable",
}
"""Phrases of `http.HTTPStatus` since Python 3.13, and what they were before."""


class Answer(Protocol):
    """What a client of the contract must return; Flask's and Werkzeug's test clients do."""

    @property
    def status_code(self) -> int: ...

    @property
    def headers(self) -> Iterable[tuple[str, str]]: ...

    @property
    def data(self) -> bytes: ...


def reduce_answer(answer: Answer) -> Reduced:
    """The parts of the answer that must not change."""
    headers = _headers(answer)
    reduced = {"status": answer.status_code, "headers": headers}
    body = _body(headers.get("Content-Type", ""), answer.data)
    return reduced if body is None else {**reduced, "body": body}


def line_of(reduced: Reduced) -> str:
    """A reduced answer as one line: equal answers are equal lines."""
    return json.dumps(reduced, sort_keys=True)


def _headers(answer: Answer) -> dict[str, str]:
    values: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in answer.headers:
        values[name.title()].append(value)
    return {name: _header(name, values[name], answer) for name in sorted(values) if _is_kept(name)}


def _is_kept(name: str) -> bool:
    return name.lower() in _KEPT or name.lower().startswith("access-control-") or name == "Set-Cookie"


def _header(name: str, values: list[str], answer: Answer) -> str:
    if name == "Set-Cookie":
        return " | ".join(sorted(_cookie(value) for value in values))
    if name.lower() in _SETS:
        return ", ".join(sorted({word.strip() for value in values for word in value.split(",")}))
    if name == "Retry-After" and answer.status_code == 429:
        # The seconds that are left of the minute.
        return "<1 to 60>" if 1 <= int(values[0]) <= 60 else values[0]
    if name == "Location":
        # Which host that is depends on the client.
        return re.sub("^http://[^/]+", "http://<host>", values[0])
    return " | ".join(values)


def _cookie(value: str) -> str:
    """A cookie's name and attributes, not its value."""
    pair, *attributes = value.split("; ")
    return "; ".join([pair.partition("=")[0], *sorted(re.sub("^Expires=.*", "Expires", word) for word in attributes)])


def _body(content_type: str, data: bytes) -> Any:
    mimetype = content_type.partition(";")[0]
    if not data or mimetype == "text/html":
        return None
    if mimetype == "text/csv":
        return data.decode()
    if mimetype == PROBLEM:
        return _problem(json.loads(data))
    if mimetype == "application/json":
        return _stable(json.loads(data))
    return f"<{len(data)} bytes>"


def _problem(problem: dict[str, Any]) -> dict[str, Any]:
    """A problem+json body without its wording."""
    assert isinstance(problem.pop("detail"), str)
    problem["title"] = _RENAMED.get(problem["title"], problem["title"])
    if "checks" in problem:
        problem["checks"] = {name: said if said == "ok" else "<fault>" for name, said in problem["checks"].items()}
    return _stable(problem)  # type: ignore[no-any-return]


def _stable(value: Any) -> Any:
    match value:
        case dict():
            added = _ADDED | (_ADDED_TO_VIDEOS if "videoId" in value else set())
            return {name: _member(name, held) for name, held in value.items() if name not in added}
        case list() if len(value) > LONG:
            items = [_stable(item) for item in value]
            digest = blake2b(json.dumps(items, sort_keys=True).encode(), digest_size=8).hexdigest()
            return {"length": len(items), "first": items[0], "last": items[-1], "digest": digest}
        case list():
            return [_stable(item) for item in value]
    return value


def _member(name: str, value: Any) -> Any:
    if name == "errors":
        # Which fields are named must stay; their order and the wording may change.
        assert all(set(error) == {"field", "detail"} for error in value)
        return sorted(error["field"] for error in value)
    return _MASKED[name] if value and name in _MASKED else _stable(value)
