"""GET /healthz and GET /readyz while all servers work; trouble.py covers failures."""

from __future__ import annotations

from tests.contract.ask import Group, get

GROUPS = [
    Group(
        name="health",
        asks=[
            get("/healthz", "/healthz"),
            get("/healthz as HTML", "/healthz", {"Accept": "text/html"}),
            get("/healthz/", "/healthz/"),
            get("/readyz", "/readyz"),
            get("/readyz/", "/readyz/"),
        ],
    )
]
