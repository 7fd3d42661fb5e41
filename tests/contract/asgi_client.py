"""A synchronous client of an ASGI application, called without a server."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    Application = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(frozen=True)
class AsgiAnswer:
    """What the application sent."""

    status_code: int
    headers: list[tuple[str, str]]
    data: bytes
    complete: bool
    """Whether its last part was sent: a server closes the connection of one that is not."""


class AsgiClient:
    """Sends requests to an application, as Flask's test client does; keeps no cookies and follows no redirects."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._runner = asyncio.Runner()
        # Not the test's thread: there a browser's event loop may run.
        self._thread = ThreadPoolExecutor(1, "asgi-client")

    def close(self) -> None:
        """Close the application, if it can be closed, and its event loop."""
        if close := getattr(self._application, "close", None):
            self._run(close())
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    def open(
        self,
        path: str,
        /,
        *,
        method: str = "GET",
        headers: list[tuple[str, str]] | None = None,
        data: bytes = b"",
        buffered: bool = True,
    ) -> AsgiAnswer:
        """Send a request, and return the whole answer."""
        lines = list(headers or [])
        if not any(name == "Host" for name, _ in lines):
            lines.insert(0, ("Host", "localhost"))
        if data:
            lines.append(("Content-Length", str(len(data))))
        sent = self._run(self._ask(scope_of(path, method, lines), data))
        start, *parts = sent
        return AsgiAnswer(
            start["status"],
            [(name.decode("latin1"), value.decode("latin1")) for name, value in start["headers"]],
            b"".join(part["body"] for part in parts),
            complete=not parts[-1].get("more_body", False),
        )

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        # In a context of its own, as in a server: what the test has pushed is not there.
        return self._thread.submit(self._runner.run, coroutine, context=contextvars.Context()).result()

    def _ask(self, scope: dict[str, Any], data: bytes) -> Coroutine[Any, Any, list[dict[str, Any]]]:
        async def ask() -> list[dict[str, Any]]:
            sent: list[dict[str, Any]] = []
            requests = [{"type": "http.request", "body": data, "more_body": False}]

            async def receive() -> dict[str, Any]:
                # After the body there is nothing to receive until the client leaves.
                return requests.pop() if requests else await asyncio.get_running_loop().create_future()

            async def send(message: dict[str, Any]) -> None:
                sent.append(message)

            await self._application(scope, receive, send)
            return sent

        return ask()


def scope_of(path: str, method: str, headers: list[tuple[str, str]]) -> dict[str, Any]:
    """The scope as uvicorn makes it."""
    raw_path, _, query = path.encode("ascii").partition(b"?")
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path.decode()),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers],
        "client": ("127.0.0.1", 40_000),
        "server": ("127.0.0.1", 80),
    }
