"""deploy/nginx/pulse.conf in a real nginx, in front of the real server."""

from __future__ import annotations

import json
import ssl
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from socket import create_connection
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import TOKEN
from tests.facts import Facts, report, wait_until
from tests.servers.kernel import clients_of
from tests.servers.nginx import CLIENT, NAME, STRANGER, Connection, Proxy, find_nginx, proxying
from tests.web.secured import lacking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.debian import Program
    from tests.servers.web import Web

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

JSON = {"Content-Type": "application/json"}
BATCH_BYTES = 1024 * 1024


@pytest.fixture(scope="session")
def nginx() -> Program:
    """The program nginx."""
    found = find_nginx()
    if found is None:
        pytest.skip("There is no nginx, and Debian's cannot be downloaded: apt-get install nginx-light.")
    return found


@pytest.fixture
def changed_settings() -> dict[str, str]:
    """What the README of deploy/nginx says to set."""
    return {"PULSE_TRUSTED_PROXIES": "1", "PULSE_TRUSTED_HOSTS": NAME}


@pytest.fixture
def proxy(request: pytest.FixtureRequest, nginx: Program, web: Web, tmp_path: Path) -> Iterator[Proxy]:
    """An nginx before `web`; the parameter is what is changed in its file."""
    with proxying(nginx, web.port, tmp_path / "nginx", getattr(request, "param", {})) as proxy:
        yield proxy


def data_of(answer: Any) -> Any:
    return json.loads(answer.data)


def post(proxy: Proxy, user: str, source: str = CLIENT) -> Any:
    return proxy.ask("POST", "/analytics", json.dumps(report("v", user)).encode(), JSON, source=source)


def test_the_server_sees_scheme_and_address_as_nginx_does_whatever_the_client_forges(
    proxy: Proxy, facts: Facts
) -> None:
    forged = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example", "Forwarded": "for=6.6.6.6"}
    answer = proxy.ask("GET", "/admin/session", headers=forged)
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert lacking(answer.headers.items()) == []
    browser = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0], "X-CSRF-Token": data_of(answer)["csrfToken"]}
    statuses = [
        proxy.ask(
            "POST",
            "/admin/session",
            b'{"token": "wrong"}',
            {**JSON, **browser, "X-Forwarded-For": f"6.6.6.{number}"},
        ).status
        for number in range(6)
    ]
    assert statuses == [401] * 5 + [429]
    assert facts.redis.keys("pulse:sign-in:*") == [f"pulse:sign-in:{CLIENT}"]
    answer = post(proxy, "u1")
    assert (answer.status, answer.headers["Strict-Transport-Security"]) == (202, "max-age=31536000")
    assert lacking(answer.headers.items()) == []


@pytest.mark.parametrize("proxy", [{"client_max_body_size 16k": "client_max_body_size 1m"}], indirect=True)
def test_a_413_of_the_server_on_a_kept_connection_breaks_no_other_request(proxy: Proxy, facts: Facts) -> None:
    too_large = b"{".ljust(200_000)
    statuses = [
        (proxy.ask("POST", "/analytics", too_large, JSON).status, post(proxy, f"u{number}").status)
        for number in range(20)
    ]
    assert statuses == [(413, 202)] * 20
    assert facts.waiting() == 20


def test_bodies_heads_and_protocols_are_limited_and_a_full_batch_passes(proxy: Proxy, facts: Facts) -> None:
    batch = json.dumps({"events": [report("v", f"u{number}") for number in range(500)]}).encode()
    assert proxy.ask("POST", "/analytics/batch", batch.ljust(BATCH_BYTES), JSON).status == 202
    assert facts.waiting() == 500
    assert proxy.ask("POST", "/analytics/suppressed").status == 204
    for path, size in (("/analytics/batch", BATCH_BYTES + 1), ("/analytics", 16 * 1024 + 1)):
        answer = proxy.ask("POST", path, bytes(size), JSON)
        assert (answer.status, data_of(answer)["status"]) == (413, 413)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert lacking(answer.headers.items()) == []
    assert proxy.ask("GET", "/", headers={"X": "x" * 9000}).status == 400

    context = proxy.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with context.wrap_socket(create_connection(("127.0.0.1", proxy.https_port)), server_hostname=NAME) as client:
        assert client.selected_alpn_protocol() == "h2"
    plain = create_connection(("127.0.0.1", proxy.https_port))
    with plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="evil.example")
    insecure = HTTPConnection("127.0.0.1", proxy.http_port, timeout=10)
    insecure.request("POST", "/analytics?x=1", b"{}", {"Host": NAME})
    answer = insecure.getresponse()
    assert (answer.status, answer.headers["Location"]) == (308, f"https://{NAME}/analytics?x=1")
    insecure.close()


def test_an_address_that_sends_too_many_requests_is_429_and_others_are_served(proxy: Proxy, facts: Facts) -> None:
    began = time.monotonic()
    connection = Connection(proxy, CLIENT)
    statuses = []
    for number in range(300):
        connection.request("POST", "/analytics", json.dumps(report("v", f"u{number}")), JSON)
        answer = connection.getresponse()
        body = answer.read()
        statuses.append(answer.status)
    connection.close()
    # 200 at once, and 20 a second.
    most = 202 + 20 * (time.monotonic() - began)
    assert set(statuses) == {202, 429}
    assert 200 <= statuses.count(202) <= most
    assert statuses[-1] == 429
    assert (json.loads(body)["status"], answer.headers["Retry-After"]) == (429, "2")
    assert lacking(answer.headers.items()) == []
    assert post(proxy, "u", STRANGER).status == 202
    assert facts.waiting() == statuses.count(202) + 1


@pytest.mark.usefixtures("built_site")
def test_admin_page_and_probes_are_for_listed_addresses_and_the_tracker_for_every_site(proxy: Proxy) -> None:
    spellings = ["", "/", "/session", "/analytics/top", "/analytics/export.csv", "%2Fanalytics/top"]
    paths = [f"{begin}{rest}" for begin in ("/admin", "//admin", "/%61dmin", "/x/../admin") for rest in spellings]
    for path in [*paths, "/healthz", "/readyz"]:
        answer = proxy.ask("GET", path, source=STRANGER)
        assert (path, answer.status) == (path, 403)
        assert lacking(answer.headers.items()) == []
    assert proxy.ask("GET", "/readyz").status == 200
    assert proxy.ask("GET", "/admin/analytics/top").status == 401
    answer = proxy.ask("GET", "/tracker.js", headers={"Accept-Encoding": "gzip", "Origin": "https://shop.example"})
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert lacking(answer.headers.items()) == []
    again = {"Accept-Encoding": "gzip", "If-None-Match": answer.headers["ETag"]}
    assert proxy.ask("GET", "/tracker.js", headers=again).status == 304


@pytest.mark.nightly
def test_a_request_to_erase_a_person_is_passed_on_and_not_logged(proxy: Proxy, tmp_path: Path) -> None:
    path = "/admin/users/ada-lovelace"
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for address in (path, "//admin/users/ada-lovelace", "/admin/%75sers/ada-lovelace"):
        assert proxy.ask("DELETE", address, headers=bearer, source=STRANGER).status == 403
        assert proxy.ask("DELETE", address).status == 401
    assert proxy.ask("DELETE", path, headers=bearer).status == 202
    assert proxy.ask("GET", "/admin/erasures/unknown", headers=bearer).status == 404
    log = tmp_path / "nginx" / "access.log"
    wait_until(lambda: "/admin/erasures/unknown" in log.read_text())
    assert "ada-lovelace" not in log.read_text()


def test_slow_bodies_do_not_reach_the_server(proxy: Proxy, web: Web) -> None:
    head = (
        f"POST /analytics HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{{"
    )
    with ExitStack() as stack:
        for _ in range(40):
            slow = Connection(proxy, CLIENT)
            slow.connect()
            slow.sock.sendall(head.encode())
            stack.callback(slow.close)
        began = time.monotonic()
        assert [post(proxy, f"u{number}").status for number in range(5)] == [202] * 5
        assert time.monotonic() - began < 2
        assert len(clients_of(web.port)) <= 5
