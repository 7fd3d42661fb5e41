"""Reports that arrive whole are answered without ASGI, and exactly as with it."""

from __future__ import annotations

import json
import re
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pulse_analytics import config
from pulse_analytics.up.stack import web_command
from tests.facts import Facts, report, wait_until
from tests.servers.web import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pulse_analytics.config import Settings
    from tests.servers.valkey import ValkeyContainer
    from tests.servers.web import Web

pytestmark = [pytest.mark.stack, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

WITH_ASGI = "pulse_analytics.web.deadlines:DeadlineProtocol"
JSON = b"Content-Type: application/json\r\n"
HOST = b"Host: a\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n"
PAUSE_SECONDS = 0.05
"""Between two pieces, so that the server reads each alone."""


def post(body: bytes, *fields: bytes, path: bytes = b"/analytics", version: bytes = b"1.1") -> bytes:
    """A POST with these header lines besides Host and Content-Length."""
    lines = [b"POST %s HTTP/%s" % (path, version), b"Host: a", b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join([*lines, b"", body])


def chunked(body: bytes, trailer: bytes = b"") -> bytes:
    """The same in one chunk."""
    head = b"POST /analytics HTTP/1.1\r\n" + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailer)


def halves(data: bytes, at: bytes) -> list[bytes]:
    """The data in two pieces, the first of which ends with `at`."""
    first, middle, second = data.partition(at)
    return [first + middle, second]


ONE = json.dumps(report("v1")).encode()
BATCH = json.dumps({"events": [report("v1"), report("v1"), report("ü")]}).encode()
TYPE = JSON.strip()
SOUND = post(ONE, TYPE)
CASES = {
    "a report": [SOUND],
    "a batch": [post(BATCH, TYPE, path=b"/analytics/batch")],
    "reports one after another": [SOUND, SOUND, SOUND],
    "reports in one piece": [SOUND * 5],
    "a report between other requests": [LAST.replace(b"Connection: close\r\n", b"") + SOUND + post(b"{", TYPE) + SOUND],
    "as text/plain, with an Origin": [
        post(ONE, b"content-type: TEXT/plain; charset=x", b"Origin: https://video.example")
    ],
    "with a foreign Origin": [post(ONE, TYPE, b"Origin: https://other.example")],
    "with two Origins": [post(ONE, TYPE, b"Origin: https://video.example", b"Origin: null")],
    "with two types": [post(ONE, TYPE, b"Content-Type: text/html")],
    "without a type": [post(ONE)],
    "an invalid report": [post(b'{"videoId": ""}', TYPE)],
    "no JSON": [post(b"\xff{", TYPE)],
    "no body": [post(b"", TYPE)],
    "a body that is too large": [post(ONE.ljust(config.BODY_LIMIT_BYTES + 1), TYPE)],
    "the largest body": [post(ONE.ljust(config.BODY_LIMIT_BYTES), TYPE)],
    "another path": [post(ONE, TYPE, path=b"/analytics/")],
    "with a query": [post(ONE, TYPE, path=b"/analytics?x=%2F")],
    "with an encoded path": [post(ONE, TYPE, path=b"/analytic%73")],
    "a whole URL": [post(ONE, TYPE, path=b"http://a/analytics")],
    "another method": [SOUND.replace(b"POST", b"PUT")],
    "in two pieces, head and body": halves(SOUND, b"\r\n\r\n"),
    "in two pieces, within the body": halves(SOUND, b"watched"),
    "in two pieces, within the head": halves(SOUND, b"Content-"),
    "a report and half of the next": [SOUND + halves(SOUND, b"watched")[0], halves(SOUND, b"watched")[1]],
    "chunked": [chunked(ONE)],
    "chunked, with a trailer": [chunked(ONE, b"Content-Type: text/html\r\n")],
    "an invalid one, chunked, with a trailer": [chunked(b"{}", b"Content-Type: text/html\r\n")],
    "with Connection: close": [post(ONE, TYPE, b"Connection: close")],
    "in HTTP/1.0": [post(ONE, TYPE, version=b"1.0")],
    "in HTTP/1.0, kept alive": [post(ONE, TYPE, b"Connection: keep-alive", version=b"1.0")],
    "expecting 100": [post(ONE, TYPE, b"Expect: 100-continue")],
    "asking for an upgrade": [post(ONE, TYPE, b"Connection: Upgrade", b"Upgrade: h2c")],
    "after blank lines": [b"\r\n\r\n" + SOUND],
    "with two Hosts": [post(ONE, TYPE, b"Host: b")],
    "a broken chunk": [chunked(ONE).replace(b"\r\n0\r\n", b"\r\nx\r\n")],
    "a head that is too large": [post(ONE, TYPE, b"X: " + b"x" * config.HEAD_LIMIT_BYTES)],
}


def said(web: Web, pieces: Sequence[bytes]) -> bytes:
    """What the server says to these pieces, and then to a last request; without dates."""
    with socket.create_connection(("127.0.0.1", web.port), 10) as connection, suppress(ConnectionError):
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(PAUSE_SECONDS)
        connection.sendall(LAST)
        data = b""
        while received := connection.recv(65_536):
            data += received
    return re.sub(rb"\r\ndate: [^\r]+", b"", data)


@pytest.fixture
def changed_settings() -> dict[str, str]:
    """A site whose players may post; nothing is a duplicate, so that a report can be sent twice."""
    return {"PULSE_CORS_ORIGINS": "https://video.example", "PULSE_DEDUPE_TTL_SECONDS": "0"}


def command(port: int, app: str = "asgi:app", protocol: str = "") -> list[str]:
    """The web server of `pulse up` as one process, perhaps with another protocol."""
    words = list(web_command(port, 1, app))
    if protocol:
        words[words.index("--http") + 1] = protocol
    return words


@pytest.fixture
def env(settings: Settings, worker_env: dict[str, str]) -> dict[str, str]:
    """The environment of the web servers."""
    # One hash seed, because the methods of an Allow header are listed in the order of a set.
    return {**worker_env, "PULSE_REDIS_URL": settings.redis_url, "PYTHONHASHSEED": "0"}


@pytest.fixture
def web(env: dict[str, str], tmp_path: Path) -> Iterator[Web]:
    """Our web server."""
    with serving(command, env, tmp_path) as web:
        yield web


def test_all_ways_to_send_a_report_are_answered_as_by_asgi(
    web: Web, env: dict[str, str], tmp_path: Path, facts: Facts
) -> None:
    answers = {name: said(web, pieces) for name, pieces in CASES.items()}
    accepted = facts.ledger()["accepted"]
    with serving(lambda port: command(port, protocol=WITH_ASGI), env, tmp_path) as by_asgi:
        assert answers == {name: said(by_asgi, pieces) for name, pieces in CASES.items()}
    assert facts.ledger()["accepted"] == 2 * accepted
    assert answers["a report"].startswith(b"HTTP/1.1 202 Accepted\r\n")
    assert accepted > 20


def test_only_a_report_that_arrives_whole_takes_the_shortcut(env: dict[str, str], tmp_path: Path) -> None:
    with serving(lambda port: command(port, "tests.web.without_asgi:app"), env, tmp_path) as web:
        for case in ("a report", "a batch", "reports one after another", "chunked", "as text/plain, with an Origin"):
            assert b" 500 " not in said(web, CASES[case]), case
        for case in ("in two pieces, head and body", "an invalid report", "with Connection: close"):
            assert b" 500 " in said(web, CASES[case]), case


def test_a_report_in_flight_at_the_end_is_answered_and_its_connection_closed(
    own_valkey: ValkeyContainer, web: Web
) -> None:
    with socket.create_connection(("127.0.0.1", web.port), 10) as connection:
        connection.sendall(SOUND)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 202")
        own_valkey.process.pause()
        connection.sendall(SOUND)
        time.sleep(0.3)
        web.process.kill("SIGTERM")
        time.sleep(0.3)
        own_valkey.process.unpause()
        answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 202")
        assert b"\r\nconnection: close\r\n" in answer
        assert connection.recv(1) == b""
    wait_until(lambda: web.process.status == "exited", 10)


def test_clients_that_leave_and_clients_that_do_not_read_harm_nobody(web: Web, facts: Facts) -> None:
    deaf = [socket.create_connection(("127.0.0.1", web.port), 10) for _ in range(20)]
    for connection in deaf:
        connection.setblocking(False)
        with suppress(BlockingIOError):
            connection.send(SOUND * 2_000)
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", web.port), 10) as connection:
            connection.sendall(SOUND)
    began = time.monotonic()
    assert said(web, [SOUND]).startswith(b"HTTP/1.1 202")
    assert time.monotonic() - began < 5
    for connection in deaf:
        connection.close()
    wait_until(lambda: facts.ledger()["accepted"] >= 201)
    assert b"Traceback" not in web.process.logs(), web.process.logs().decode()
