"""An ASGI request's body, read on the event loop, with a limit on its size and on the time it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from pulse_analytics import config

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class BodyTooLarge(Exception):
    """The body is larger than its limit; the rest of it has not been read."""

    def __init__(self, beginning: bytes) -> None:
        super().__init__(f"The body is larger than {len(beginning) - 1} bytes.")
        self.beginning = beginning
        """The first `limit_bytes + 1` bytes, so that an application that gets them also finds the body too large."""


class ClientGone(Exception):
    """The client left before its request was complete."""


BODY_IS_HERE = "pulse.body_is_here"
"""True in the scope of a request whose body has arrived: reading it cannot block and needs no timeout."""


async def read_body(scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
    """The whole body. Raises BodyTooLarge, ClientGone, or TimeoutError after BODY_SECONDS."""
    if BODY_IS_HERE in scope:
        return await _read(receive, limit_bytes)
    async with asyncio.timeout(config.BODY_SECONDS):
        return await _read(receive, limit_bytes)


async def _read(receive: Receive, limit_bytes: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > limit_bytes:
            raise BodyTooLarge(bytes(body[: limit_bytes + 1]))
        if not message.get("more_body", False):
            return bytes(body)
