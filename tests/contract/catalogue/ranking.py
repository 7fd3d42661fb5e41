"""GET /admin/analytics/top: the ranking, and its cursors."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode

from tests.contract.ask import BEARER, Ask, Group, get, read

RANGE: dict[str, str | int] = {"since": "2026-01-01", "until": "2026-01-04"}


def _cursor(held: Any) -> str:
    return urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")


def _next(name: str, page: str, **parameters: str | int) -> Ask:
    """The page that follows the page with this name."""
    query = urlencode({**parameters, "cursor": ""})
    return get(name, f"/admin/analytics/top?{query}<nextCursor of {page}>", BEARER)


_LIMITS = ["0", "-1", "1001", "x", "", "1.0", "1.5", "1e2", "+5", " 5 ", "1_0", "\u0665", "9" * 30, "true", "5\0"]
_SEARCHES = ["in", "IN", "a", "a/", "/", "%", "_", "with_", "*", "ü", "日", "=", " ", "none", '"', "x" * 128]
_BAD_SEARCHES = {"129 characters": "x" * 129, "a line feed": "a\nb", "a NUL": "\0", "DEL": "\x7f"}
_BAD_CURSORS = {
    "empty": "",
    "a letter": "x",
    "no base64": "????",
    "not ASCII": "ü",
    "null": _cursor(None),
    "an empty list": _cursor([]),
    "an object": _cursor({"rank": 1}),
    "too few items": _cursor([None, None, "", 1, 5]),
    "too many items": _cursor([None, None, "", 1, 5, "v", 1]),
    "a count that is text": _cursor([None, None, "", 1, "5", "v"]),
    "a rank that is a fraction": _cursor([None, None, "", 1.0, 5, "v"]),
    "a rank that is true": _cursor([None, None, "", True, 5, "v"]),
    "rank 0": _cursor([None, None, "", 0, 5, "v"]),
    "a negative count": _cursor([None, None, "", 1, -5, "v"]),
    "a count beyond 63 bits": _cursor([None, None, "", 1, 2**63, "v"]),
    "an empty id": _cursor([None, None, "", 1, 5, ""]),
    "a control character": _cursor([None, None, "", 1, 5, "a\nb"]),
    "a lone surrogate": _cursor([None, None, "", 1, 5, "\ud800"]),
    "cut off": _cursor([None, None, "", 1, 5, "v"])[:-3],
    "brackets": urlsafe_b64encode(b"[" * 100_000).decode(),
    "digits": urlsafe_b64encode(b"9" * 10_000).decode(),
    "not UTF-8": urlsafe_b64encode(b"\xff\xfe").decode(),
}

GROUPS = [
    Group(
        name="top",
        asks=[
            read("of all time", "/top"),
            read("a range", "/top", **RANGE),
            read("one day", "/top", since="2026-01-02", until="2026-01-03"),
            read("open until", "/top", since="2026-01-04"),
            read("open since", "/top", until="2026-01-02"),
            read("92 days", "/top", since="2026-01-01", until="2026-04-03", limit=2),
            read("93 days", "/top", since="2026-01-01", until="2026-04-04", limit=2),
            read("a range without views", "/top", since="2025-01-01", until="2025-01-03"),
            read("all days that can be spelled", "/top", since="1970-01-01", until="9999-12-31", limit=3),
            read("a limit", "/top", limit=2),
            read("the largest limit", "/top", limit=1000),
            *(read(f"limit {limit!r}", "/top", limit=limit) for limit in _LIMITS),
            get("limit twice", "/admin/analytics/top?limit=1&limit=2", BEARER),
            get("no value", "/admin/analytics/top?limit", BEARER),
            get("an invalid escape", "/admin/analytics/top?q=%zz&limit=1", BEARER),
            get("a search that is not UTF-8", "/admin/analytics/top?q=%ff&limit=1", BEARER),
            get("a plus sign", "/admin/analytics/top?q=a+b", BEARER),
            get("semicolons", "/admin/analytics/top?limit=1;q=in", BEARER),
            read("an empty search", "/top", q="", limit=1),
            *(read(f"the search {q[:10]!r}", "/top", q=q) for q in _SEARCHES),
            *(read(f"a bad search: {name}", "/top", q=q) for name, q in _BAD_SEARCHES.items()),
            read("a search in a range", "/top", q="tie-", **RANGE),
            read("three bad parameters", "/top", since="x", until="y", limit="z"),
            read(
                "a range that ends before it begins, and a bad limit",
                "/top",
                since="2026-02-01",
                until="2026-01-01",
                limit=0,
            ),
            get("a slash at the end", "/admin/analytics/top/", BEARER),
        ],
    ),
    Group(
        name="cursor",
        asks=[
            read("page 1", "/top", limit=10),
            _next("page 2", "page 1", limit=10),
            _next("page 3, the last", "page 2", limit=10),
            _next("page 2 with another limit", "page 1", limit=3),
            read("page 1 of a range", "/top", limit=2, **RANGE),
            _next("page 2 of a range", "page 1 of a range", limit=2, **RANGE),
            read("page 1 of a search", "/top", limit=1, q="tie-"),
            _next("page 2 of a search", "page 1 of a search", limit=1, q="tie-"),
            _next("of another range", "page 1 of a range"),
            _next("of another search", "page 1 of a search"),
            _next("of all time, in a range", "page 1", since="2026-01-01"),
            read("made by version 0.1.0", "/top", limit=2, cursor="W251bGwsbnVsbCwiIiwyLDYsImxhdGUiXQ"),
            read("padded", "/top", limit=2, cursor="W251bGwsbnVsbCwiIiwyLDYsImxhdGUiXQ=="),
            read("behind the last place", "/top", cursor=_cursor([None, None, "", 99, 1, "\U0010ffff"])),
            *(read(f"bad: {name}", "/top", cursor=cursor) for name, cursor in _BAD_CURSORS.items()),
            read("bad, with a bad limit", "/top", cursor="x", limit="x"),
        ],
    ),
]
