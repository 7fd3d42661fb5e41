"""`wsgi.py` with the command in docs/operations.md: the same application behind any WSGI server."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import urllib3

from tests.conftest import TOKEN
from tests.facts import Facts, report
from tests.servers.worker import ROOT
from tests.web.secured import lacking

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.web import Command, Web

http = urllib3.PoolManager(retries=False, timeout=10)


@pytest.fixture
def web_server() -> Command:
    """granian, with the documented command."""
    options = "--interface wsgi --http 1 --workers 2 wsgi:app"
    return lambda port: [sys.executable, "-m", "granian", "--port", str(port), *options.split()]


def test_the_wsgi_application_accepts_counts_and_reports_errors(web: Web, facts: Facts) -> None:
    def post(body: object) -> int:
        return http.request("POST", f"{web.url}/analytics", json=body).status

    assert [post(report("v1")), post(report("v1")), post({"videoId": 1})] == [202, 200, 400]
    batch = {"events": [report("v2", f"u{number}") for number in range(500)]}
    assert http.request("POST", f"{web.url}/analytics/batch", json=batch).status == 202
    assert post({"videoId": "v" * 20_000}) == 413
    assert (facts.waiting(), facts.ledger()["accepted"]) == (501, 501)
    top = f"{web.url}/admin/analytics/top"
    assert http.request("GET", top).status == 401
    assert http.request("GET", top, headers={"Authorization": f"Bearer {TOKEN}"}).json()["total"] == 0


@pytest.mark.stack
@pytest.mark.parametrize("module", ["asgi", "wsgi"])
def test_garbage_collection_leaves_out_what_a_web_process_holds_until_it_ends(module: str, tmp_path: Path) -> None:
    look = f"import gc, pulse_analytics.{module}; print(gc.get_freeze_count() > 20 * len(gc.get_objects()))"
    env = {"PULSE_DATA_DIR": str(tmp_path), "PULSE_REDIS_URL": "redis://127.0.0.1:1/0"}
    done = subprocess.run([sys.executable, "-c", look], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("changed_settings", [{"PULSE_TRUSTED_PROXIES": "1", "PULSE_TRUSTED_HOSTS": "video.example"}])
def test_wsgi_py_trusts_proxies_and_hosts_and_sends_headers_like_asgi_py(web: Web, facts: Facts) -> None:
    proxied = {"Host": "video.example", "X-Forwarded-For": "6.6.6.6, 203.0.113.1", "X-Forwarded-Proto": "https"}

    def ask(method: str, path: str, headers: dict[str, str], body: object = None) -> urllib3.BaseHTTPResponse:
        return http.request(method, f"{web.url}{path}", headers=headers, json=body, redirect=False)

    accepted = ask("POST", "/analytics", proxied, report("v"))
    assert (accepted.status, accepted.headers["Strict-Transport-Security"]) == (202, "max-age=31536000")
    session = ask("GET", "/admin/session", proxied)
    assert "Secure" in session.headers["Set-Cookie"]
    browser = {"Cookie": session.headers["Set-Cookie"].partition(";")[0], "X-CSRF-Token": session.json()["csrfToken"]}
    assert ask("POST", "/admin/session", {**proxied, **browser}, {"token": "wrong"}).status == 401
    assert facts.redis.keys("pulse:sign-in:*") == ["pulse:sign-in:203.0.113.1"]
    refused = ask("POST", "/analytics", {**proxied, "Host": "evil.example"}, report("v", "u2"))
    assert (refused.status, "evil.example" in refused.json()["detail"]) == (400, True)
    moved = ask("GET", "//videos//x", proxied)
    assert (moved.status, moved.headers["Location"]) == (308, "/videos/x")
    assert [lacking(answer.headers.items()) for answer in (accepted, session, refused, moved)] == [[]] * 4
    assert facts.waiting() == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_wsgi_server_does_not_speak_http_2(web: Web) -> None:
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        answer = client.recv(1000)
    assert answer[:5] in {b"", b"HTTP/"}  # HTTP/2 would start with a SETTINGS frame.
