"""GET /admin/analytics/videos/<videoId>: the ids that an address can hold."""

from __future__ import annotations

from urllib.parse import quote

from tests.contract.ask import BEARER, Group, get, read
from tests.contract.history import COUNTS

_PATHS = {
    "a slash as it is": "a/b",
    "two slashes as they are": "a//b",
    "slashes at both ends": "/a/",
    "an escaped slash at one end": "%2Fa/",
    "an escape, escaped twice": "a%252Fb",
    "a percent sign as it is": "100%",
    "a plus sign as it is": "a%20b+c",
    "a letter escaped": "%69ntro",
    "lower-case escapes": "%e6%97%a5%e6%9c%ac",
    "not UTF-8": "%ff",
    "a control character": "a%0Ab",
    "a NUL": "%00",
    "129 characters": "x" * 129,
    "unknown": "none",
    "of another case": "INTRO",
    "with a space behind it": "intro%20",
    "with a slash behind it": "intro/",
    "empty": "",
    "two dots, escaped": "%2E%2E",
    "with a semicolon": "semi;colon,comma",
    "an emoji that is not counted": "%F0%9F%98%81",
}

GROUPS = [
    Group(
        name="video",
        asks=[
            *(read(f"id {video_id[:20]!a}", f"/videos/{quote(video_id, safe='')}") for video_id in COUNTS),
            *(get(f"path: {name}", f"/admin/analytics/videos/{path}", BEARER) for name, path in _PATHS.items()),
            get("no slash behind videos", "/admin/analytics/videos", BEARER),
            read("a range", "/videos/intro", since="2026-01-01", until="2026-01-04"),
            read("a range without views", "/videos/intro", since="2025-01-01", until="2025-01-03"),
            read("open until", "/videos/intro", since="2026-01-05"),
            read("open since", "/videos/intro", until="2026-01-02"),
            read("open until, after the last view", "/videos/outro", since="2026-01-05"),
            read("unknown, and a bad parameter", "/videos/none", since="x"),
        ],
    )
]
