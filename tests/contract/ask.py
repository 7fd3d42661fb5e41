"""A request of the catalogue, and shorthands for writing the catalogue."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests import facts
from tests.conftest import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TS = 1_700_000_000_000
"""The `ts` of all reports that do not say another: fixed, and with it the event id."""
BEARER = {"Authorization": f"Bearer {TOKEN}"}
JSON = "application/json"
CSRF = "<csrfToken>"
"""In a header: the last `csrfToken` that the request's browser was given."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request."""

    name: str
    """What it is about; unique in its group."""
    method: str
    path: str
    """The path and the query, percent-encoded. `<nextCursor of NAME>`: that of an earlier answer in the group."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    browser: str = ""
    """Whose cookies it brings along and keeps; empty: nobody's."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Requests that are sent in this order, to a Redis that is empty at first."""

    name: str
    asks: list[Ask]
    before: Callable[[facts.Facts], object] = lambda _facts: None
    """What is done to the servers first."""


def get(name: str, path: str, headers: Mapping[str, str] | None = None, *, browser: str = "") -> Ask:
    """A GET without credentials except a browser's cookies."""
    return Ask(name=name, method="GET", path=path, headers=headers or {}, browser=browser)


def read(name: str, path: str, **parameters: str | int) -> Ask:
    """A GET under /admin/analytics with the admin token; the parameters are percent-encoded."""
    query = f"?{urlencode(parameters)}" if parameters else ""
    return Ask(name=name, method="GET", path=f"/admin/analytics{path}{query}", headers=BEARER)


def post(
    name: str,
    body: object,
    path: str = "/analytics",
    content_type: str | None = JSON,
    headers: Mapping[str, str] | None = None,
    *,
    browser: str = "",
) -> Ask:
    """A POST of `body`: bytes as they are, anything else as JSON. With `content_type=None` it names no type."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    type_header = {} if content_type is None else {"Content-Type": content_type}
    return Ask(
        name=name, method="POST", path=path, headers={**type_header, **(headers or {})}, body=data, browser=browser
    )


def report(video_id: str = "v", user_id: str = "u", ts: Any = TS, **changes: Any) -> dict[str, Any]:
    """A report as a player sends it; with `name=None` among the changes, without that field."""
    return facts.report(video_id, user_id, ts, **changes)
