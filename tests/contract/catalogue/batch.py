"""POST /analytics/batch."""

from __future__ import annotations

import json

from tests.contract.ask import JSON, TS, Ask, Group, post, report

LIMIT = 1024 * 1024


def _batch(name: str, body: object, content_type: str | None = JSON, headers: dict[str, str] | None = None) -> Ask:
    return post(name, body, "/analytics/batch", content_type, headers)


def _events(*events: object) -> dict[str, object]:
    return {"events": list(events)}


def _text(video_id: str) -> bytes:
    return json.dumps(_events(report(video_id))).encode()


_NO_BATCH = {
    "an empty list": _events(),
    "501 events": _events(*[{}] * 501),
    "501 good events": _events(*(report(f"v{number}") for number in range(501))),
    "events is missing": {},
    "events is null": {"events": None},
    "events is a string": {"events": "x"},
    "events is an object": {"events": {"0": report()}},
    "events is a number": {"events": 1},
    "events is true": {"events": True},
    "a bare list": [report()],
    "a bare report": report(),
    "null": None,
    "empty": b"",
    "cut off": b'{"events": [',
    "not UTF-8": b"\xff",
    "20,000 brackets": b'{"events": ' + b"[" * 20_000,
    "NaN": b"NaN",
}

GROUPS = [
    Group(
        name="batch",
        asks=[
            _batch("one report", _events(report())),
            _batch("the same again", _events(report())),
            post("then the same as a single report", report()),
            post("a single report", report("single")),
            _batch("then the same in a batch", _events(report("single"))),
            _batch("several", _events(report("a"), report("b"), report("c"))),
            _batch("twice the same", _events(report("twice"), report("twice"))),
            _batch("twice the same viewer and video", _events(report("again"), report("again", ts=TS + 1))),
            _batch(
                "good, bad, duplicate, no object, good",
                _events(report("m1"), report("m2", ts="soon"), report("m1"), 7, report("m3")),
            ),
            _batch("bad ones only", _events({}, None, "x", [], True, 1.5)),
            _batch("each field bad", _events(*({**report(), name: 0.5} for name in report()))),
            _batch("lone surrogates", _events(report("\ud800"), report("pair \U0001f600"))),
            _batch("NaN as ts", _events(report("nan", ts=float("nan")), report("nan"))),
            _batch("unknown fields", {**_events(report("newer", extra=1)), "sentAt": TS, "version": [2]}),
            _batch("500 reports", _events(*(report(f"v{number}") for number in range(500)))),
            _batch("500 reports, all duplicates", _events(*(report(f"v{number}") for number in range(500)))),
            _batch("as text", _events(report("text")), "text/plain;charset=UTF-8"),
        ],
    ),
    Group(name="no batch", asks=[_batch(name, body) for name, body in _NO_BATCH.items()]),
    Group(
        name="batch size and type",
        asks=[
            _batch("the limit", _text("large").ljust(LIMIT)),
            _batch("one byte more than the limit", _text("larger").ljust(LIMIT + 1)),
            _batch("more than a single report may have", _text("middle").ljust(20_000)),
            _batch("no content type", _text("x"), None),
            _batch("a form", _text("x"), "application/x-www-form-urlencoded"),
            _batch("problem+json", _text("x"), "application/problem+json"),
            _batch("latin-1", _text("latin"), "application/json; charset=latin-1"),
        ],
    ),
]
