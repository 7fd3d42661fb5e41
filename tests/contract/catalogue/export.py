"""GET /admin/analytics/export.csv."""

from __future__ import annotations

from tests.contract.ask import BEARER, Ask, Group, get, read

GROUPS = [
    Group(
        name="export",
        asks=[
            read("of all time", "/export.csv"),
            read("a range", "/export.csv", since="2026-01-02", until="2026-01-04"),
            read("open until", "/export.csv", since="2026-01-06"),
            read("open since", "/export.csv", until="2026-01-02"),
            read("a range without views", "/export.csv", since="2025-01-01", until="2025-01-03"),
            read("a search", "/export.csv", q="tie-"),
            read("a search in a range", "/export.csv", q="a", since="2026-01-02"),
            read("a search without an id", "/export.csv", q="none"),
            read("a bad search", "/export.csv", q="a\nb"),
            read("the longest range", "/export.csv", since="1970-01-01", until="9999-12-31"),
            get("another extension", "/admin/analytics/export.json", BEARER),
            Ask(name="HEAD", method="HEAD", path="/admin/analytics/export.csv", headers=BEARER),
        ],
    )
]
