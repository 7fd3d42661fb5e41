"""Methods that a route does not accept, and paths that no route serves."""

from __future__ import annotations

from tests.contract.ask import BEARER, Ask, Group

_ROUTES = [
    "/analytics",
    "/analytics/batch",
    "/healthz",
    "/readyz",
    "/admin/analytics/top",
    "/admin/analytics/videos/intro",
    "/admin/analytics/series",
    "/admin/analytics/live",
    "/admin/session",
]
_METHODS = ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "BREW"]
_NOWHERE = [
    "/nothing",
    "/analytics/",
    "/analytics/batch/",
    "/analytics/nothing",
    "/Analytics",
    "/analytics%2Fbatch",
    "/admin/analytics",
    "/admin/analytics/nothing",
    "/admin/analytics/TOP",
    "/admin/sessions",
    "/.well-known/security.txt",
    "/static/x",
    "/%00",
    "/%ff",
]

GROUPS = [
    Group(
        name="method",
        asks=[
            *(
                Ask(name=f"{method} {path}", method=method, path=path, headers=BEARER)
                for path in _ROUTES
                for method in _METHODS
                if (method, path) != ("DELETE", "/admin/session")
            ),
            *(Ask(name=f"POST {path}", method="POST", path=path, headers=BEARER) for path in _ROUTES[2:-1]),
            *(Ask(name=f"GET {path}", method="GET", path=path) for path in _ROUTES[:2]),
        ],
    ),
    Group(
        name="nowhere",
        asks=[
            Ask(name=f"{method} {path}", method=method, path=path) for path in _NOWHERE for method in ("GET", "POST")
        ],
    ),
]
