"""The client's address, scheme and host: a client cannot forge them, and trusted proxies are believed."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.web.client import believed_scheme, client_address, is_trusted
from tests.contract.asgi_client import AsgiClient
from tests.contract.conftest import CLIENTS
from tests.facts import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.contract.replay import Client

    Make = Callable[[dict[str, str]], Flask]

HOSTS = ("video.example", ".pulse.example", "192.0.2.1", "[2001:db8::1]")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A function that makes an application with the given settings; it needs no server."""
    made: list[Flask] = []

    def make_app(values: dict[str, str]) -> Flask:
        secrets = {
            "PULSE_ADMIN_TOKEN": "the-admin-token-of-tests",
            "PULSE_SESSION_KEY": "a-session-key-of-these-tests-only",
        }
        made.append(create_app(Settings.parse({**secrets, **values}, tmp_path)))
        return made[-1]

    yield make_app
    for app in made:
        app.extensions["celery"].close()


@pytest.mark.parametrize(
    ("hops", "forwarded", "believed"),
    [
        (0, "203.0.113.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "6.6.6.6, 203.0.113.1", "203.0.113.1"),
        (1, "6.6.6.6,203.0.113.1:4711", "203.0.113.1"),
        (1, "[2001:DB8::1]:443", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "6.6.6.6, unknown", "127.0.0.1"),
        (1, "6.6.6.6, ", "127.0.0.1"),
        (2, "203.0.113.1", "127.0.0.1"),
        (2, "6.6.6.6, 203.0.113.1, 10.0.0.1", "203.0.113.1"),
    ],
)
def test_an_address_is_believed_only_from_trusted_proxies(make: Make, hops: int, forwarded: str, believed: str) -> None:
    app = make({"PULSE_TRUSTED_PROXIES": str(hops)})
    peer = {"REMOTE_ADDR": "127.0.0.1"}
    with app.test_request_context(headers={"X-Forwarded-For": forwarded}, environ_overrides=peer):
        assert client_address() == believed


def test_a_client_of_a_unix_socket_has_no_address(make: Make) -> None:
    with make({}).test_request_context(environ_overrides={"REMOTE_ADDR": ""}):
        assert client_address() == "unknown"


@pytest.mark.parametrize(
    ("hops", "forwarded", "believed"),
    [
        (0, "https", "http"),
        (1, "", "http"),
        (1, "https", "https"),
        (1, "HTTPS ", "https"),
        (1, "https, http", "http"),
        (2, "https", "https"),
        (2, "http, https, http", "https"),
    ],
)
def test_a_scheme_is_believed_only_from_trusted_proxies(hops: int, forwarded: str, believed: str) -> None:
    assert believed_scheme("http", forwarded, hops) == believed


@pytest.mark.parametrize(
    "host",
    [
        "video.example",
        "Video.Example:8443",
        "video.example.",
        "video.example:",
        "pulse.example",
        "a.b.pulse.example:80",
        "192.0.2.1:8000",
        "[2001:db8::1]",
        "[2001:DB8::1]:8000",
    ],
)
def test_a_served_host_is_recognized_in_any_spelling(host: str) -> None:
    assert is_trusted(host, HOSTS)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "a.video.example",
        "video.example.evil.example",
        "evilpulse.example",
        "video.example@evil.example",
        "video.example:80:80",
        "video.example/",
        "evil.example,video.example",
        ".",
        "[2001:db8::2]",
        "192.0.2.11",
    ],
)
def test_a_host_that_only_looks_like_a_served_host_is_refused(host: str) -> None:
    assert not is_trusted(host, HOSTS)


@pytest.fixture(params=list(CLIENTS))
def client_of(request: pytest.FixtureRequest) -> Iterator[Callable[[Flask], Client]]:
    """A function that makes a client of an application: through WSGI, and through ASGI."""
    with ExitStack() as stack:

        def client_of(app: Flask) -> Client:
            client = CLIENTS[request.param](app)
            if isinstance(client, AsgiClient):
                stack.callback(client.close)
            return client

        yield client_of


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/admin/session"),
        ("GET", "/nothing"),
        ("GET", "//videos//x"),
        ("GET", "/healthz/"),
        ("OPTIONS", "/analytics"),
        ("POST", "/analytics"),
        ("POST", "/analytics/batch"),
        ("POST", "/analytics/suppressed"),
    ],
)
def test_a_host_that_is_not_served_is_400_and_the_answer_names_the_setting(
    make: Make, client_of: Callable[[Flask], Client], method: str, path: str
) -> None:
    client = client_of(make({"PULSE_TRUSTED_HOSTS": "video.example"}))
    headers = [("Host", "Evil.example"), ("Content-Type", "application/json")]
    answer = client.open(path, method=method, headers=headers, data=json.dumps(report()).encode(), buffered=True)
    assert answer.status_code == 400
    problem = json.loads(answer.data)
    assert problem["detail"] == "The host 'Evil.example' is not served here: PULSE_TRUSTED_HOSTS does not name it."


def test_probes_may_use_any_host_and_without_the_setting_every_request_may(
    make: Make, client_of: Callable[[Flask], Client]
) -> None:
    def status(app: Flask, path: str, host: str) -> int:
        answer = client_of(app).open(path, method="GET", headers=[("Host", host)], data=b"", buffered=True)
        return answer.status_code

    app = make({"PULSE_TRUSTED_HOSTS": "video.example"})
    assert [status(app, path, "10.0.0.7:8000") for path in ("/healthz", "/readyz")] == [200, 503]
    assert [status(app, "/admin/session", host) for host in ("video.example", "10.0.0.7")] == [200, 400]
    assert status(make({}), "/admin/session", "10.0.0.7") == 200


@pytest.mark.parametrize("client_of", ["wsgi_adapter", "asgi"], indirect=True)  # Flask's takes //a for a host.
def test_no_redirect_leads_to_the_host_that_a_request_names(make: Make, client_of: Callable[[Flask], Client]) -> None:
    client = client_of(make({}))

    def get(path: str) -> tuple[int, str, bytes]:
        headers = [("Host", "evil.example"), ("Content-Type", "text/plain")]
        answer = client.open(path, method="GET", headers=headers, data=b"", buffered=True)
        return answer.status_code, dict(answer.headers).get("location", "/"), answer.data

    @settings(max_examples=50)
    @given(st.text("/\\.:@?%5Cx", max_size=8), st.sampled_from(["/", "//", "///", "/%2F", "//\\", "/%09/"]))
    @example("", "//")
    @example("x/?y=//evil.example", "//")
    def ask(rest: str, slashes: str) -> None:
        for path in (f"{slashes}videos//{rest}", f"{slashes}evil.example/videos//{rest}", f"{slashes}admin{rest}"):
            _, location, body = get(path)
            assert urlsplit(urljoin("http://ours/a/b", location)).netloc == "ours"
            assert b"http://evil" not in body

    ask()
    assert get("//videos//x?y=1%262")[:2] == (308, "/videos/x?y=1%262")
