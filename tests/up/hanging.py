"""The ASGI application with two more paths: one hangs the event loop of its process, one returns the process id."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from pulse_analytics import config
from pulse_analytics.asgi import app as whole

if TYPE_CHECKING:
    from pulse_analytics.body import Receive, Scope, Send

config.HEARTBEAT_LATE_SECONDS = 2.0  # On a busy machine an event loop is sometimes late by 0.5 s.
sys.stdout.write("ready.\n")
sys.stdout.flush()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Hang, return the process id, or answer like the real application."""
    if scope.get("path") == "/hang":
        time.sleep(600)
    if scope.get("path") == "/pid":
        body = str(os.getpid()).encode()
        headers = [(b"content-length", str(len(body)).encode()), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    else:
        await whole(scope, receive, send)
