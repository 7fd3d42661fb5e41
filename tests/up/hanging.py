"""The ASGI application, and an address that hangs the event loop of the process that answers."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from pulse_analytics.asgi import app as whole

if TYPE_CHECKING:
    from pulse_analytics.body import Receive, Scope, Send

sys.stdout.write("ready.\n")
sys.stdout.flush()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Hang, or answer as ever."""
    if scope.get("path") == "/hang":
        time.sleep(600)
    await whole(scope, receive, send)
