"""POST /analytics: the fields of a report."""

from __future__ import annotations

from tests.contract.ask import TS, Ask, Group, post, report

_BAD_IDS = {
    "empty": "",
    "129 characters": "x" * 129,
    "a NUL": "a\0b",
    "a line feed": "a\nb",
    "DEL": "\x7f",
    "a C1 control": "\x9f",
    "a lone surrogate": "\ud800",
    "an integer": 7,
    "a fraction": 1.5,
    "true": True,
    "a list": ["a"],
    "an object": {"a": 1},
}
_BAD_TS = {
    "true": True,
    "false": False,
    "a string": str(TS),
    "a fraction": 1.5,
    "a whole fraction": 1.0,
    "NaN": float("nan"),
    "infinite": float("inf"),
    "negative": -1,
    "in year 10000": 253_402_300_800_000,
    "beyond 64 bits": 2**64,
    "of 400 digits": 10**400,
    "a list": [TS],
    "an object": {},
}
_BAD_EVENTS = {
    "unknown": "watched_51_percent",
    "empty": "",
    "in capitals": "WATCHED_50_PERCENT",
    "an integer": 50,
    "true": True,
    "a list": ["watched_50_percent"],
    "an object": {},
}
_GOOD = {
    "ids of 128 characters": report("x" * 128, "ü" * 128),
    "an id of 128 astral characters": report("\U0001f600" * 128),
    "ids with separators": report("a:user:b", "100%:c"),
    "the ids of another pair, shifted": report("a", "b:user:100%:c"),
    "ids of spaces": report(" ", "  "),
    "ids like markup and a formula": report("<b>", "=1+1"),
    "an id with a right-to-left override": report("\u202eabc"),
    "ts 0": report("at 0", ts=0),
    "ts at the end of 9999": report("at the end", ts=253_402_300_799_999),
    "unknown fields": report("newer player", duration=60, aNewerPlayersField={"deep": [1]}),
    "unknown fields that are odd": {**report("newer player 2"), "": 1, "video_id": 5, "received_at": "now"},
}


def _with(field: str, value: object) -> dict[str, object]:
    return {**report(), field: value}


def _bad(field: str, values: dict[str, object]) -> list[Ask]:
    asks = [post(f"{field} is {name}", _with(field, value)) for name, value in values.items()]
    asks.append(post(f"{field} is null", _with(field, None)))
    return [*asks, post(f"{field} is missing", _without(field))]


def _without(field: str) -> dict[str, object]:
    return {name: value for name, value in report().items() if name != field}


GROUPS = [
    Group(
        name="report",
        asks=[
            post("first", report()),
            post("the same again", report()),
            post("of the same viewer and video at another ts", report(ts=TS + 1)),
            post("of another viewer", report(user_id="u2")),
            post("of another video", report(video_id="v2")),
            post("of a video whose case differs", report(video_id="V")),
            *(post(name, body) for name, body in _GOOD.items()),
        ],
    ),
    Group(
        name="bad report",
        asks=[
            *_bad("videoId", _BAD_IDS),
            *_bad("userId", _BAD_IDS),
            *_bad("ts", _BAD_TS),
            *_bad("event", _BAD_EVENTS),
            post("all fields missing", {}),
            post("two fields bad and two missing", {"videoId": 1, "event": "no"}),
            post("a field is spelled in snake case", {**_without("videoId"), "video_id": "v"}),
            post("then a good one is still the first", report()),
        ],
    ),
]
