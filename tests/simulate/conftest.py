"""A real HTTP server on loopback that answers like the API, or as a test scripts it."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

DROP, STALL = 0, -1


@dataclass(frozen=True)
class Step:
    """What happens to one request: its status (or DROP, STALL), and whether its reports are accepted anyway."""

    status: int
    accepts: bool
    headers: dict[str, str]
    body: Any


@dataclass
class Api:
    """The API's rules in a few lines: a viewer, video and event are claimed once, a report is counted once."""

    url: str = ""
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By video and event."""
    claims: set[tuple[str, str, str]] = field(default_factory=set)
    ids: set[tuple[str, str, str, int]] = field(default_factory=set)
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    before_answer: Callable[[], object] = lambda: None
    released: threading.Event = field(default_factory=threading.Event)
    _script: deque[Step] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def script(self, status: int, *, accepts: bool = False, body: Any = None, **headers: str) -> None:
        """Script the answer to the next request that has no script yet."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._script.append(Step(status, accepts, named, body))

    def read_counts(self, video_ids: Sequence[str], event: str) -> dict[str, int]:
        with self._lock:
            return {each: self.counts[each, event] for each in video_ids if (each, event) in self.counts}

    def answer(self, path: str, body: bytes) -> Step:
        """How to answer a POST."""
        with self._lock:
            self.paths.append(path)
            self.bodies.append(body)
            step = self._script.popleft() if self._script else None
            if step and not step.accepts:
                return step
            message = json.loads(body)
            if path.endswith("/batch"):
                results = [{"status": self._accept(event)} for event in message["events"]]
                return step or Step(202, True, {}, {"results": results})
            status = self._accept(message)
            return step or Step(202 if status == "queued" else 200, True, {}, {"status": status})

    def _accept(self, event: dict[str, Any]) -> str:
        claim = (event["videoId"], event["userId"], event["event"])
        if claim in self.claims:
            return "duplicate"
        self.claims.add(claim)
        if (*claim, event["ts"]) not in self.ids:
            self.ids.add((*claim, event["ts"]))
            self.counts[event["videoId"], event["event"]] += 1
        return "queued"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, api: Api) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.api = api

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # Clients that disconnect are part of the tests.
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        self._send(Step(200, False, {}, {}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.api.before_answer()
        step = self.server.api.answer(self.path, body)
        if step.status == STALL:
            self.server.api.released.wait(5)
        if step.status in {DROP, STALL}:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._send(step)

    def _send(self, step: Step) -> None:
        data = json.dumps(step.body).encode()
        self.send_response(step.status)
        for name, value in {**step.headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The base class names it so.
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    with Server(api) as server:
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield api
        api.released.set()
        server.shutdown()
        thread.join()
