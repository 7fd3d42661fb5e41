"""The benchmark's own client."""

from __future__ import annotations

import socketserver
import threading
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from benchmarks.client import Load, prepare
from benchmarks.traffic import Reports

if TYPE_CHECKING:
    from collections.abc import Iterator

IDLE_SECONDS = 0.5


class Impatient(socketserver.BaseRequestHandler):
    """A server that answers each request with 202, and closes a connection that is idle for IDLE_SECONDS."""

    def handle(self) -> None:
        self.request.settimeout(IDLE_SECONDS)
        with suppress(TimeoutError):
            while self.request.recv(65_536):
                self.request.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def port() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Impatient) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_address[1]
        server.shutdown()


def test_at_a_slow_pace_no_connection_is_idle_until_the_server_closes_it(port: int) -> None:
    reports = asdict(Reports(count=40, videos=10, first=0, now=1_795_820_000_000))
    outcome = prepare(asdict(Load(port=port, reports=reports, connections=4, per_second=20)))()
    assert outcome["statuses"] == {"202": 40}
