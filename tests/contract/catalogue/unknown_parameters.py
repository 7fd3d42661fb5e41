"""Unknown query parameters: an error in reports (since 0.2.0), ignored everywhere else."""

from __future__ import annotations

from tests.contract.ask import BEARER, Ask, Group, get, post, read, report

_BATCH = {"events": [report("batch")]}

GROUPS = [
    Group(
        name="unknown parameter",
        asks=[
            # Under /admin/analytics.
            read("/top with colour", "/top", colour="red", limit=1),
            read("/top with limit misspelled", "/top", limits=1, q="tie-"),
            read("/top with two", "/top", page=2, sort="id", q="tie-"),
            read("/top with LIMIT in capitals", "/top", LIMIT=1, q="tie-"),
            read("/top with an empty one", "/top", utm_source="", limit=1),
            read("/top with a bad limit besides", "/top", colour="red", limit=0),
            get("/top without credentials", "/admin/analytics/top?colour=red"),
            read("/videos/intro with limit", "/videos/intro", limit=1),
            read("/videos/none with colour", "/videos/none", colour="red"),
            read("/series with q", "/series", q="intro"),
            read("/series with cursor", "/series", cursor="x"),
            read("/export.csv with limit", "/export.csv", limit=1, q="tie-"),
            read("/export.csv with format", "/export.csv", format="json", q="tie-"),
            read("/live with since", "/live", since="2026-01-01"),
            Ask(name="HEAD /top with colour", method="HEAD", path="/admin/analytics/top?colour=red", headers=BEARER),
            # Elsewhere.
            post("/analytics with colour", report(), "/analytics?colour=red"),
            post("/analytics with a field's name", report("v2"), "/analytics?videoId=other&ts=0"),
            post("/analytics, bad, with colour", {}, "/analytics?colour=red"),
            post("/analytics/batch with colour", _BATCH, "/analytics/batch?colour=red"),
            get("/healthz with colour", "/healthz?colour=red"),
            get("/readyz with colour", "/readyz?colour=red"),
            get("/admin/session with colour", "/admin/session?colour=red"),
            get("/ with colour", "/?colour=red"),
        ],
    )
]
