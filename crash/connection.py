"""One proxied connection through a link: both of its ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

#: SO_LINGER with 0 s: close() sends RST and drops unsent data.
_RESET = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol):
    """The client's end of one connection. Call its methods on the event loop only."""

    def __init__(
        self,
        target_port: int,
        register: set[Connection],
        is_stalled: Callable[[], bool],
        is_fatal: Callable[[bytes], bool],
    ) -> None:
        """The connection is in `register` as long as it is open. `is_fatal`: these bytes of the client cut it."""
        self.answers_left: int | None = None
        """How many answers to let through before cutting the connection; None for all."""
        self._target_port = target_port
        self._register = register
        self._is_stalled = is_stalled
        self._is_fatal = is_fatal
        self._client: asyncio.Transport | None = None
        self._server: asyncio.Transport | None = None
        self._early: list[bytes] = []
        self._dialling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._client = cast("asyncio.Transport", transport)
        self._register.add(self)
        if self._is_stalled():
            self._client.pause_reading()
        else:
            self._dial()

    def data_received(self, data: bytes) -> None:
        if self._is_fatal(data):
            self.reset()
        elif self._server is None:
            self._early.append(data)
        else:
            self._server.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(self._server, reset=exc is not None)

    def answer_received(self, data: bytes) -> None:
        """Forward what the server sent, or cut the connection instead."""
        if self.answers_left is not None:
            self.answers_left -= 1
            if self.answers_left < 0:
                self.reset()
                return
        if self._client is not None:
            self._client.write(data)

    def server_lost(self, exc: Exception | None) -> None:
        """The server closed its end."""
        self._end(self._client, reset=exc is not None)

    def pause(self) -> None:
        """Stop reading from both ends."""
        for transport in (self._client, self._server):
            if transport is not None:
                transport.pause_reading()

    def resume(self) -> None:
        """Resume reading."""
        for transport in (self._client, self._server):
            if transport is not None and not transport.is_closing():
                transport.resume_reading()
        if self._server is None and self._dialling is None:
            self._dial()

    def reset(self) -> None:
        """Reset both ends."""
        for transport in (self._client, self._server):
            self._end(transport, reset=True)

    def _dial(self) -> None:
        self._dialling = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_connection(lambda: _Upstream(self), "127.0.0.1", self._target_port)
        except OSError:
            self.reset()
            return
        self._server = transport
        if self._client is None or self._client.is_closing():
            self._end(transport, reset=True)
            return
        for data in self._early:
            transport.write(data)
        if self._is_stalled():
            self.pause()

    def _end(self, transport: asyncio.Transport | None, *, reset: bool) -> None:
        self._register.discard(self)
        if transport is None or transport.is_closing():
            return
        if reset:
            with contextlib.suppress(OSError):
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()
        else:
            transport.close()


class _Upstream(asyncio.Protocol):
    """The server's end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def data_received(self, data: bytes) -> None:
        self._connection.answer_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.server_lost(exc)
