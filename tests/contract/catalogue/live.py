"""GET /admin/analytics/live: the journal's figures."""

from __future__ import annotations

from tests.contract.ask import Group, post, read, report

GROUPS = [
    Group(
        name="live",
        asks=[
            read("before anything is accepted", "/live"),
            post("a report", report()),
            post("the same again", report()),
            post("a batch", {"events": [report("v2"), report("v2"), {}]}, "/analytics/batch"),
            read("with reports that wait", "/live"),
        ],
    )
]
