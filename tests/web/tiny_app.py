"""A small application for a real uvicorn, and our protocol with deadlines that a test can wait for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pulse_analytics import config
from pulse_analytics.web.protocol import Protocol
from pulse_analytics.web.wsgi_adapter import WsgiAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

REQUEST_SECONDS = 1.5
BODY_SECONDS = 1.0
READING_SECONDS = 1.5
SLOW_SECONDS = 2.0
PAGE = b"x" * 60_000
"""Less than uvicorn holds before it waits for the reader."""
STREAM_BYTES = 20_000_000

config.BODY_SECONDS = BODY_SECONDS


class QuickProtocol(Protocol):
    """Our protocol with short deadlines."""

    request_seconds = REQUEST_SECONDS
    reading_seconds = READING_SECONDS


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes] | list[bytes]:
    """Answer with method, path and the body's size, or in the way that the path names."""
    path, size = environ["PATH_INFO"], len(environ["wsgi.input"].read())
    if path == "/stream":
        start_response("200 OK", [])
        return (bytes(50_000) for _ in range(STREAM_BYTES // 50_000))
    if path == "/broken":
        start_response("200 OK", [])
        return _broken()
    if path == "/breaks-late":
        start_response("200 OK", [])
        return _broken(SLOW_SECONDS)
    if path == "/slow":
        time.sleep(SLOW_SECONDS)
    trailer = environ.get("HTTP_X_TRAILER", "")
    text = PAGE if path == "/page" else f"{environ['REQUEST_METHOD']} {path} {size}{trailer};".encode()
    start_response("200 OK", [("Content-Length", str(len(text)))])
    return [text]


def _broken(after_seconds: float = 0) -> Iterator[bytes]:
    yield b"beginning"
    time.sleep(after_seconds)
    raise ArithmeticError


app = WsgiAdapter(application)
