"""CORS: who may post from another site."""

from __future__ import annotations

from tests.contract.ask import BEARER, Ask, Group, get, post, report

LISTED = "https://video.example"
LISTED_LIKE_A_PATTERN = "http://[::1]:8000"
_UNLISTED = [
    "https://evil.example",
    "http://video.example",
    "https://video.example:8443",
    "https://video.example.evil.example",
    "https://a.video.example",
    "https://videoxexample",
    "HTTPS://VIDEO.EXAMPLE",
    "https://video.example/",
    "http://1:8000",
    "null",
    "*",
    "",
]


def _preflight(
    name: str, path: str, origin: str, method: str | None = "POST", headers: str | None = "content-type"
) -> Ask:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    sent = {"Origin": origin, **{name: value for name, value in asked.items() if value is not None}}
    return Ask(name=f"{name}: {path}", method="OPTIONS", path=path, headers=sent)


GROUPS = [
    Group(
        name="cross-origin",
        asks=[
            post("a listed origin", report(), headers={"Origin": LISTED}),
            post("a listed origin, duplicate", report(), headers={"Origin": LISTED}),
            post("a listed origin that looks like a pattern", report(), headers={"Origin": LISTED_LIKE_A_PATTERN}),
            post("a listed origin, bad report", {}, headers={"Origin": LISTED}),
            post("a listed origin, wrong type", report(), content_type="text/html", headers={"Origin": LISTED}),
            post("a listed origin, too large", b"x" * 20_000, headers={"Origin": LISTED}),
            post("a listed origin, as text", report(), content_type="text/plain", headers={"Origin": LISTED}),
            post("a listed origin, batch", {"events": [report()]}, "/analytics/batch", headers={"Origin": LISTED}),
            post("a listed origin, bad batch", {}, "/analytics/batch", headers={"Origin": LISTED}),
            post("a listed origin, unknown path", {}, "/analytics/none", headers={"Origin": LISTED}),
            post("a listed origin, path like it", {}, "/analyticsx", headers={"Origin": LISTED}),
            *(post(f"the origin {origin!r}", report(), headers={"Origin": origin}) for origin in _UNLISTED),
            post("an unlisted origin, bad report", {}, headers={"Origin": "https://evil.example"}),
            get("a listed origin, GET", "/analytics", {"Origin": LISTED}),
            get("a listed origin, /healthz", "/healthz", {"Origin": LISTED}),
            get("a listed origin, /readyz", "/readyz", {"Origin": LISTED}),
            get("a listed origin, the ranking", "/admin/analytics/top?limit=1", {"Origin": LISTED, **BEARER}),
            get("a listed origin, the session", "/admin/session", {"Origin": LISTED}),
        ],
    ),
    Group(
        name="preflight",
        asks=[
            _preflight("a listed origin", "/analytics", LISTED),
            _preflight("a listed origin", "/analytics/batch", LISTED),
            _preflight("a listed origin that looks like a pattern", "/analytics", LISTED_LIKE_A_PATTERN),
            _preflight("a header that is not listed", "/analytics", LISTED, headers="authorization"),
            _preflight("two headers", "/analytics", LISTED, headers="content-type, x-custom"),
            _preflight("no headers", "/analytics", LISTED, headers=None),
            _preflight("a method that is not listed", "/analytics", LISTED, method="DELETE"),
            _preflight("no method", "/analytics", LISTED, method=None),
            _preflight("an unlisted origin", "/analytics", "https://evil.example"),
            _preflight("an unlisted origin", "/analytics/batch", "https://evil.example"),
            _preflight("the origin null", "/analytics", "null"),
            _preflight("a listed origin", "/admin/analytics/top", LISTED, method="GET", headers="authorization"),
            _preflight("a listed origin", "/admin/session", LISTED),
            _preflight("a listed origin", "/healthz", LISTED, method="GET"),
            _preflight("a listed origin", "/nothing", LISTED),
        ],
    ),
]
