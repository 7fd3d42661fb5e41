"""The network between the processes: a TCP proxy on loopback for each pair, all run by one asyncio loop in a thread."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self

from crash.connection import Connection
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Network:
    """Runs the links. As a context manager, its exit cuts all of them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def link(self, target_port: int) -> Link:
        """A new link to the loopback port `target_port`."""
        link = Link(self, target_port)
        self.do(link.listen)
        return link

    def do(self, action: Callable[[], Any]) -> None:
        """Run `action`, or the coroutine that it returns, on the event loop, and wait for it."""

        async def run() -> None:
            result = action()
            if asyncio.iscoroutine(result):
                await result

        asyncio.run_coroutine_threadsafe(run(), self._loop).result()


class Link:
    """The network between one client process and one server, which the client reaches at `port`."""

    def __init__(self, network: Network, target_port: int) -> None:
        self.port = free_port()
        self.target_port = target_port
        self.stalled = False
        """Whether bytes are held up."""
        self._fatal = b""
        """The request that stalls the link; empty: none."""
        self._connections: set[Connection] = set()
        self._network = network
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Accept connections."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, "127.0.0.1", self.port, backlog=512)

    def cut(self) -> None:
        """Reset all existing connections."""
        self._network.do(self._cut)

    def refuse(self) -> None:
        """Reset all connections, and refuse new ones until `heal`."""
        self._network.do(self._refuse)

    def stall(self) -> None:
        """Hold up all bytes until `heal`. No connection is closed, and new ones are accepted."""
        self._network.do(self._stall)

    def stall_at(self, request: bytes) -> None:
        """As soon as a client sends these bytes, cut its connection before the server gets them, and stall the link.

        The client has done then what precedes the request, and cannot go on.
        """
        self._network.do(lambda: self._stall_at(request))

    def swallow(self, answers: int) -> None:
        """Let `answers` more answers through each existing connection, and cut it instead of the next one.

        The server has carried out the request then, and the client does not learn it.
        """
        self._network.do(lambda: self._swallow(answers))

    def heal(self) -> None:
        """Work normally again."""
        self._network.do(self._heal)

    def close(self) -> None:
        """Reset all connections and stop listening."""
        self._network.do(self._refuse)

    def _cut(self) -> None:
        for connection in list(self._connections):
            connection.reset()

    def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._cut()

    def _stall(self) -> None:
        self.stalled = True
        for connection in self._connections:
            connection.pause()

    def _stall_at(self, request: bytes) -> None:
        self._fatal = request

    def _meets(self, data: bytes) -> bool:
        if not self._fatal or self._fatal not in data:
            return False
        self._fatal = b""
        self._stall()
        return True

    def _swallow(self, answers: int) -> None:
        for connection in self._connections:
            connection.answers_left = answers

    def _connect(self) -> Connection:
        return Connection(self.target_port, self._connections, lambda: self.stalled, self._meets)

    async def _heal(self) -> None:
        self.stalled, self._fatal = False, b""
        for connection in list(self._connections):
            connection.answers_left = None
            connection.resume()
        if self._server is None:
            await self.listen()
