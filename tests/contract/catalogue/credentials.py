"""Who may read the reports."""

from __future__ import annotations

from base64 import b64encode

from tests.conftest import TOKEN
from tests.contract.ask import Ask, Group, get

_TOP = "/admin/analytics/top?limit=1"
_PATHS = ["/top", "/videos/intro", "/videos/none", "/series", "/export.csv", "/live", "/none", ""]
_REFUSED = {
    "a wrong token": "Bearer wrong",
    "the token and a letter more": f"Bearer {TOKEN}x",
    "the token in capitals": f"Bearer {TOKEN.upper()}",
    "no token": "Bearer",
    "an empty token": "Bearer ",
    "Basic": f"Basic {b64encode(f'user:{TOKEN}'.encode()).decode()}",
    "Basic with the token": f"Basic {TOKEN}",
    "the token alone": TOKEN,
    "another scheme": f"Token {TOKEN}",
    "two tokens": f"Bearer {TOKEN} {TOKEN}",
    "a token that is not ASCII": "Bearer \xe9",
    "an empty header": "",
    "quotes": f'Bearer "{TOKEN}"',
}
_TAKEN = {"the token": f"Bearer {TOKEN}", "lower case": f"bearer {TOKEN}", "spaces": f"BEARER   {TOKEN} "}

GROUPS = [
    Group(
        name="credentials",
        asks=[
            *(get(f"none: /admin/analytics{path}", f"/admin/analytics{path}") for path in _PATHS),
            *(get(name, _TOP, {"Authorization": value}) for name, value in _TAKEN.items()),
            get("a wrong token is refused before a bad parameter", "/admin/analytics/top?limit=x"),
            get("the token in the query", f"/admin/analytics/top?token={TOKEN}"),
            get("a forged cookie", _TOP, {"Cookie": "pulse_session=eyJzaWduZWRJbiI6dHJ1ZX0.x.y"}),
            Ask(name="none: POST", method="POST", path=_TOP),
            Ask(name="none: HEAD", method="HEAD", path=_TOP),
        ],
    ),
    # Each in a group of its own, which begins with an empty Redis: the sixth wrong token in a minute is 429.
    *(Group(name="credentials", asks=[get(name, _TOP, {"Authorization": value})]) for name, value in _REFUSED.items()),
]
