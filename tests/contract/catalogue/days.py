"""GET /admin/analytics/series, and the days that all reports take."""

from __future__ import annotations

from tests.contract.ask import Ask, Group, read

_NOT_DAYS = [
    "",
    "yesterday",
    "2026-02-30",
    "2026-13-01",
    "2026-1-1",
    "20260101",
    "2026-W01-1",
    "2026-01-01T00:00:00Z",
    " 2026-01-01",
    "1969-12-31",
    "0000-01-01",
    "10000-01-01",
    "\u0662\u0660\u0662\u0666-01-01",
    "2026-01-01\0",
]
_PATHS = ["/top", "/videos/intro", "/series", "/export.csv"]


def _of_each_report(path: str) -> list[Ask]:
    return [
        read(f"{path}: since is not a day", path, since="x"),
        read(f"{path}: until is not a day", path, until="x"),
        read(f"{path}: neither of both is a day", path, since="x", until="x"),
        read(f"{path}: until is since", path, since="2026-01-02", until="2026-01-02"),
        read(f"{path}: until is before since", path, since="2026-01-02", until="2026-01-01"),
    ]


GROUPS = [
    Group(
        name="days",
        asks=[
            *(ask for path in _PATHS for ask in _of_each_report(path)),
            *(read(f"since {day!a}", "/series", since=day) for day in _NOT_DAYS),
            *(read(f"until {day!a}", "/series", until=day) for day in ("", "2026-02-30", "1970-01-01", "10000-01-01")),
        ],
    ),
    Group(
        name="series",
        asks=[
            read("of all time", "/series"),
            read("a range", "/series", since="2026-01-02", until="2026-01-06"),
            read("a range without views", "/series", since="2025-01-01", until="2025-01-03"),
            read("open until", "/series", since="2026-01-06"),
            read("open since", "/series", until="2026-01-04"),
            read("open until, after the last view", "/series", since="2027-01-01"),
            read("open since, before the first view", "/series", until="2025-01-01"),
            read("3,660 days", "/series", since="2016-01-01", until="2026-01-08"),
            read("3,661 days", "/series", since="2016-01-01", until="2026-01-09"),
            read("too many days up to now", "/series", since="1970-01-01"),
            read("too many days from the first on", "/series", until="9999-12-31"),
            read("too many days of a video", "/videos/intro", since="1970-01-01", until="9999-12-31"),
        ],
    ),
]
