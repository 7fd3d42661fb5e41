"""One exchange with an ASGI application, by hand: the test decides when the client sends, reads and disconnects."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.contract.asgi_client import scope_of

if TYPE_CHECKING:
    from pulse_analytics.body import Message
    from pulse_analytics.web.wsgi_adapter import WsgiAdapter

PATIENCE_SECONDS = 10


class Exchange:
    """A request and what is sent in answer to it.

    `body` is sent in these pieces. With `whole=False` the rest never arrives. With `reads=False` the client reads
    nothing until `self.reads` is set.
    """

    def __init__(
        self,
        path: str = "/",
        method: str = "GET",
        headers: list[tuple[str, str]] | None = None,
        body: list[bytes] | None = None,
        *,
        whole: bool = True,
        reads: bool = True,
    ) -> None:
        self.scope = scope_of(path, method, headers or [])
        self.sent: list[Message] = []
        self.received = 0
        self.left = asyncio.Event()
        self.reads = asyncio.Event()
        if reads:
            self.reads.set()
        pieces = body or [b""]
        self._messages: list[Message] = [
            {"type": "http.request", "body": piece, "more_body": not whole or number < len(pieces)}
            for number, piece in enumerate(pieces, start=1)
        ]

    async def with_(self, adapter: WsgiAdapter, body: bytes | None = None) -> Exchange:
        """Run the application on this request."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await adapter(self.scope, self.receive, self.send, body)
        return self

    async def receive(self) -> Message:
        if self._messages and not self.left.is_set():
            self.received += 1
            return self._messages.pop(0)
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body":
            await self.reads.wait()

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    def header(self, name: str) -> str | None:
        """A header of the answer."""
        values = [value.decode() for key, value in self.sent[0]["headers"] if key.decode() == name]
        return values[0] if values else None

    @property
    def data(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def complete(self) -> bool:
        """Whether the last part of the answer was sent."""
        return len(self.sent) > 1 and not self.sent[-1].get("more_body", False)
