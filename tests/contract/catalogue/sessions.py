"""GET, POST and DELETE /admin/session, and the reports as a signed-in browser reads them."""

from __future__ import annotations

from typing import Any

from tests.conftest import TOKEN
from tests.contract.ask import CSRF, JSON, Ask, Group, get, post

_PATH = "/admin/session"
_TOP = "/admin/analytics/top?limit=1"


def _sign_in(
    name: str, body: object, csrf: str | None = CSRF, content_type: str | None = JSON, *, browser: str = "ada"
) -> Ask:
    return post(name, body, _PATH, content_type, {} if csrf is None else {"X-CSRF-Token": csrf}, browser=browser)


def _sign_out(name: str, csrf: str | None = CSRF, *, browser: str = "ada") -> Ask:
    headers = {} if csrf is None else {"X-CSRF-Token": csrf}
    return Ask(name=name, method="DELETE", path=_PATH, headers=headers, browser=browser)


_BAD_BODIES: dict[str, Any] = {
    "an empty object": {},
    "a number as token": {"token": 1},
    "null as token": {"token": None},
    "a list": [],
    "null": None,
    "text": TOKEN,
    "cut off": b"{",
    "empty": b"",
    "too large": {"token": "x" * 20_000},
}

GROUPS = [
    Group(
        name="session",
        asks=[
            get("a new browser", _PATH, browser="ada"),
            get("the same browser again", _PATH, browser="ada"),
            get("a request without cookies", _PATH),
            get("behind a proxy that speaks TLS", _PATH, {"X-Forwarded-Proto": "https"}),
            get("a link that leads to it", _PATH, {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}),
            get("a script that asks for JSON", _PATH, {"Accept": "application/json"}),
            get("a slash at the end", f"{_PATH}/"),
            get("the ranking before signing in", _TOP, browser="ada"),
            _sign_in("without a CSRF token", {"token": TOKEN}, None),
            _sign_in("with an empty CSRF token", {"token": TOKEN}, ""),
            _sign_in("with a forged CSRF token", {"token": TOKEN}, "forged"),
            _sign_in("with a CSRF token that is not ASCII", {"token": TOKEN}, "\xff"),
            _sign_in("without a cookie", {"token": TOKEN}, "forged", browser=""),
            *(_sign_in(f"a body that is {name}", body) for name, body in _BAD_BODIES.items()),
            _sign_in("a body of type text/plain", {"token": TOKEN}, content_type="text/plain"),
            _sign_in("a body without a content type", {"token": TOKEN}, content_type=None),
            _sign_in("a wrong token", {"token": "wrong"}),
            _sign_in("a token that is not ASCII", {"token": "é"}),
            _sign_in("signing in", {"token": TOKEN, "unknown": 1}),
            get("signed in", _PATH, browser="ada"),
            get("signed in, the ranking", _TOP, browser="ada"),
            get("signed in, the export", "/admin/analytics/export.csv?q=tie-", browser="ada"),
            get("signed in, the live figures", "/admin/analytics/live", browser="ada"),
            get("signed in, a video that nobody has watched", "/admin/analytics/videos/none", browser="ada"),
            get("signed in, a wrong token", _TOP, {"Authorization": "Bearer wrong"}, browser="ada"),
            get("signed in, the page", "/admin", browser="ada"),
            post("signed in, a report", {}, browser="ada"),
            _sign_out("signing out without a CSRF token", None),
            _sign_out("signing out with a forged CSRF token", "forged"),
            get("still signed in", _TOP, browser="ada"),
            _sign_out("signing out"),
            get("signed out, the ranking", _TOP, browser="ada"),
            get("signed out", _PATH, browser="ada"),
            _sign_out("signing out again"),
            _sign_out("signing out without a cookie", "forged", browser=""),
            Ask(name="PUT", method="PUT", path=_PATH),
        ],
    ),
    Group(
        name="wrong tokens",
        asks=[
            get("a browser", _PATH, browser="eve"),
            *(_sign_in(f"try {number}", {"token": f"guess {number}"}, browser="eve") for number in range(1, 7)),
            _sign_in("the right one", {"token": TOKEN}, browser="eve"),
            get("another browser", _PATH, browser="bob"),
            _sign_in("the right one from another browser", {"token": TOKEN}, browser="bob"),
            get("the bearer token still reads", _TOP, {"Authorization": f"Bearer {TOKEN}"}),
        ],
    ),
]
