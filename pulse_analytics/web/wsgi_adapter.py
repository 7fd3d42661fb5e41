"""Runs a WSGI application on an ASGI server, so that a slow client holds no thread.

The body is read on the event loop before a thread is taken. The answer is taken a step at a time: a thread makes one
chunk and is free again, and the event loop waits until the client has taken that chunk.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from pulse_analytics import config
from pulse_analytics.body import BodyTooLarge, ClientGone, read_body
from pulse_analytics.web.environ import environ_of
from pulse_analytics.web.problems import problem
from pulse_analytics.web.security_headers import security_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator
    from wsgiref.types import WSGIApplication, WSGIEnvironment

    from pulse_analytics.body import Receive, Scope, Send

log = logging.getLogger(__name__)

_BODY_LIMIT_BYTES = config.BATCH_BODY_LIMIT_BYTES
"""The largest body that any route takes. Of a larger one, the application gets one byte more, and answers 413."""


class Step(NamedTuple):
    """What one step of an answer made."""

    chunk: bytes
    more: bool


class WsgiAdapter:
    """An ASGI application that answers HTTP requests with those of `wsgi_app`."""

    def __init__(self, wsgi_app: WSGIApplication) -> None:
        self._app = wsgi_app
        self._short = ThreadPoolExecutor(config.WSGI_THREADS, "wsgi")
        self._reports = ThreadPoolExecutor(config.REPORT_THREADS, "wsgi-reports")
        self._exports = ThreadPoolExecutor(config.EXPORT_THREADS, "wsgi-exports")

    async def __call__(self, scope: Scope, receive: Receive, send: Send, body: bytes | None = None) -> None:
        """Answer one request. With `body`, that has been read already."""
        if body is None:
            try:
                body = await read_body(scope, receive, _BODY_LIMIT_BYTES)
            except BodyTooLarge as error:
                body = error.beginning
            except TimeoutError:
                return await too_late(scope, send)
            except ClientGone:
                return None
        environ = environ_of(scope, body)
        answering = self._answer(environ, closes=len(body) > _BODY_LIMIT_BYTES).send_by(send)
        # A request that changes something is finished even if its client has gone: a closing page sends a last report.
        return await (_unless_gone(receive, answering) if scope["method"] in {"GET", "HEAD"} else answering)

    def _answer(self, environ: WSGIEnvironment, *, closes: bool) -> _Answer:
        path = environ["PATH_INFO"]
        slow = path.startswith(config.REPORTS_PATH) or path == config.CATALOGUE_PATH
        pool = self._reports if slow else self._short
        return _Answer(self._app, environ, self._exports if path == config.EXPORT_PATH else pool, closes=closes)


class _Answer:
    """One answer, made in threads, step by step, in one context."""

    def __init__(
        self,
        app: WSGIApplication,
        environ: WSGIEnvironment,
        pool: ThreadPoolExecutor,
        *,
        closes: bool,
    ) -> None:
        self._app, self._environ, self._pool = app, environ, pool
        self._closes = closes
        self._context = contextvars.copy_context()
        self._step: Future[Step] = Future()
        self._iterable: Iterable[bytes] = ()
        self._chunks: Iterator[bytes] = iter(())
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._made_bytes = 0

    async def send_by(self, send: Send) -> None:
        """Make and send the answer. If this ends early, for whatever reason, the iterable is closed anyway."""
        more = True
        try:
            chunk, more = await self._in_thread(self._begin)
            await send(_start(self._status, self._headers, closes=self._closes))
            await send({"type": "http.response.body", "body": chunk, "more_body": more})
            while more:
                chunk, more = await self._in_thread(self._next)
                await send({"type": "http.response.body", "body": chunk, "more_body": more})
        finally:
            if more:
                # A step may still run: a generator cannot be closed meanwhile.
                self._step.add_done_callback(lambda _: self._pool.submit(self._context.run, self._give_up))

    def _in_thread(self, step: Callable[[], Step]) -> asyncio.Future[Step]:
        self._step = self._pool.submit(self._context.run, step)
        return asyncio.wrap_future(self._step)

    def _begin(self) -> Step:
        self._iterable = self._app(self._environ, self._start_response)
        self._chunks = iter(self._iterable)
        return self._next()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], _exc_info: object = None
    ) -> Callable[[bytes], object]:
        self._status, self._headers = int(status[:3]), headers
        return _write

    def _next(self) -> Step:
        """The next chunk that is not empty. The last one closes the iterable, and needs no other thread for that."""
        chunk = next(filter(None, self._chunks), b"")
        self._made_bytes += len(chunk)
        if self._environ["REQUEST_METHOD"] == "HEAD":
            chunk = b""
        if chunk and not self._is_whole():
            return Step(chunk, more=True)
        self._close()
        return Step(chunk, more=False)

    def _is_whole(self) -> bool:
        lengths = [value for name, value in self._headers if name.lower() == "content-length"]
        return bool(lengths) and self._made_bytes >= int(lengths[0])

    def _close(self) -> None:
        close = getattr(self._iterable, "close", None)
        self._iterable = ()
        if close is not None:
            close()

    def _give_up(self) -> None:
        try:
            self._close()
        except Exception:
            log.exception("Could not close an answer that ended early.")


async def _unless_gone(receive: Receive, answering: Coroutine[Any, Any, None]) -> None:
    """Make the answer; give it up when the client has gone."""
    answer, gone = asyncio.create_task(answering), asyncio.create_task(_until_gone(receive))
    try:
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            answer.result()
    finally:
        answer.cancel()
        gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # The rest of a body that is too large.


async def too_late(scope: Scope, send: Send) -> None:
    """Answer a client whose body did not arrive in time."""
    answer = problem(408, f"The body did not arrive within {config.BODY_SECONDS:g} s.")
    answer.headers.update(security_headers(scope["path"], secure=scope["scheme"] == "https"))
    await send(_start(408, list(answer.headers), closes=True))
    await send({"type": "http.response.body", "body": answer.get_data()})


def _start(status: int, headers: list[tuple[str, str]], *, closes: bool) -> dict[str, Any]:
    """The beginning of an answer. A 413 closes the connection, or the rest of the body would have to be read."""
    encoded = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers]
    # Of a static file; the server dates every answer.
    encoded = [(name, value) for name, value in encoded if name != b"date"]
    if closes or status == 413:
        encoded.append((b"connection", b"close"))
    return {"type": "http.response.start", "status": status, "headers": encoded}


def _write(_chunk: bytes) -> NoReturn:
    raise NotImplementedError("PEP 3333's write() is not supported: return the answer's chunks.")
