"""No request to any route is answered with 500."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.conftest import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EXAMPLES = 1_500
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]
PATHS = [
    "/",
    "/watch/{}",
    "/admin",
    "/admin/videos/{}",
    "/admin/session",
    "/admin/analytics/top",
    "/admin/analytics/videos/{}",
    "/admin/analytics/series",
    "/admin/analytics/live",
    "/admin/analytics/export.csv",
    "/analytics",
    "/analytics/batch",
    "/analytics/suppressed",
    "/healthz",
    "/readyz",
    "/videos/{}",
    "/assets/{}",
    "/tracker-{}.js",
    "/{}",
    "/admin/videos",
]
SITE = {"/", "/watch/{}", "/admin", "/admin/videos/{}", "/videos/{}", "/assets/{}", "/tracker-{}.js", "/{}"}
HEADERS = ["Accept", "Content-Type", "Origin", "Range", "If-None-Match", "If-Modified-Since", "Cookie", "X-CSRF-Token"]


def lists_of(name: str, items: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: values | st.lists(items, max_size=3)})


whole_numbers = st.integers() | st.sampled_from([2**31, 2**53, 2**62, 2**63 - 1, 2**63, 2**64, -1])
half_characters = st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), max_size=3)
texts = st.text(max_size=30) | half_characters | st.sampled_from(["2026-01-01", "v1", "", "0", "9" * 5_000, "\0"])
values = st.recursive(
    st.none() | st.booleans() | whole_numbers | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
reports = st.fixed_dictionaries(
    {}, optional={"videoId": values, "event": values, "userId": values, "ts": values, "token": values}
)
entries = st.fixed_dictionaries(
    {}, optional={"videoId": values, "title": values, "pageUrl": values, "durationSeconds": values, "tags": values}
)
bodies = (
    st.binary(max_size=200)
    | (values | reports | lists_of("events", reports) | lists_of("videos", entries) | lists_of("videoIds", texts)).map(
        lambda value: json.dumps(value).encode()
    )
    | st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000])
)
cursors = st.builds(
    lambda *held: urlsafe_b64encode(json.dumps(held).encode()).decode(),
    st.sampled_from(["2026-01-01", None]) | values,
    st.sampled_from(["2026-12-31", None]) | values,
    st.just("") | values,
    whole_numbers | values,
    whole_numbers | values,
    st.just("v") | values,
)
ranges = st.sampled_from([{}, {"since": "2026-01-01", "until": "2026-12-31"}])
queries = st.builds(
    lambda days, more: {**days, **more},
    ranges,
    st.fixed_dictionaries({}, optional={"since": texts, "until": texts, "q": texts, "limit": texts, "cursor": cursors}),
)
headers = st.dictionaries(st.sampled_from(HEADERS), st.text(st.characters(max_codepoint=255), max_size=40), max_size=3)


def forged(*held: Any) -> dict[str, str]:
    return {"since": held[0], "until": held[1], "cursor": urlsafe_b64encode(json.dumps(held).encode()).decode()}


@pytest.fixture
def ask(app: Flask) -> Callable[..., int]:
    """The status of the answer to a client that sends a CSRF token and the admin token."""
    client: FlaskClient = app.test_client()
    token = client.get("/admin/session").get_json()["csrfToken"]

    def ask(method: str, path: str, query: dict[str, str], more: dict[str, str], body: bytes, json_type: bool) -> int:
        sent = {"X-CSRF-Token": token, "Authorization": f"Bearer {TOKEN}"}
        sent |= {"Content-Type": "application/json"} if json_type else {}
        sent |= {name: value.replace("\r", "").replace("\n", "") for name, value in more.items()}
        clean = {name: value.encode(errors="surrogatepass") for name, value in query.items()}
        answer = client.open(path, method=method, query_string=clean, headers=sent, data=body)
        answer.close()
        return answer.status_code

    return ask


@settings(max_examples=EXAMPLES)
@given(st.sampled_from(METHODS), st.sampled_from(PATHS), texts, queries, headers, bodies, st.booleans())
@example("POST", "/admin/session", "", {}, {}, b'{"token":"\\ud800"}', True)
@example("POST", "/admin/session", "", {}, {}, b"[" * 5_000, True)
@example("GET", PATHS[5], "", forged("2026-01-01", "2026-12-31", "", 2**62, 5, "v"), {}, b"", False)
@example("GET", PATHS[5], "", forged("2026-01-01", "2026-12-31", "", True, True, "v"), {}, b"", False)
@example(
    "PUT", "/admin/videos", "", {}, {}, b'{"videos":[{"videoId":"v","title":"\\ud800","durationSeconds":1e999}]}', True
)
@example("PUT", "/admin/videos", "", {}, {}, b'{"videos":[{"videoId":"v","title":"\\u0000"}]}', True)
def test_no_answer_is_a_500(
    ask: Callable[..., int],
    method: str,
    path: str,
    word: str,
    query: dict[str, str],
    more: dict[str, str],
    body: bytes,
    json_type: bool,
) -> None:
    whole: Any = path.format(word.encode(errors="surrogatepass").decode("latin-1").replace("?", "%3F"))
    status = ask(method, whole, query, more, body, json_type)
    assert status < 500 or (status == 503 and path in SITE)  # It is not built.
