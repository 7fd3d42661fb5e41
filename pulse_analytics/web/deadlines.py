"""uvicorn's HTTP/1.1 with deadlines and limits.

uvicorn limits only the time between two requests, and httptools does not limit the size of a head. Each connection
always has one timer running. When it fires, the connection is closed, unless we owe an answer or the client is slowly
reading one.
"""

from __future__ import annotations

from socket import IPPROTO_TCP, TCP_NOTSENT_LOWAT
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pulse_analytics import config
from pulse_analytics.body import BODY_IS_HERE
from pulse_analytics.web.security_headers import refusal

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    import httptools

_BODY_FIELDS = {b"content-length", b"transfer-encoding"}


class _Outlet:
    """The transport as uvicorn's cycle sees it, but with our own way to close it."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self._write, self.is_closing = transport.write, transport.is_closing
        self.close = close

    def write(self, data: bytes) -> None:
        """Write, unless the client has left: of pipelined requests, uvicorn tells only the last one."""
        if not self.is_closing():
            self._write(data)


class _Alarm:
    """Makes a call some seconds after the last `set`. If its timer fires too early, it is set again only then:
    cancelling a timer and making another for each request would cost more."""

    def __init__(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        self._loop = loop
        self._call = call
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Make the call in `seconds`, and not earlier."""
        self._due = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._due:
            self.cancel()
            self._timer = self._loop.call_at(self._due, self._go_off)

    def cancel(self) -> None:
        """Do not make the call."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_off(self) -> None:
        self._timer = None
        if (left := self._due - self._loop.time()) > 0:
            self.set(left)
        else:
            self._call()


class DeadlineProtocol(HttpToolsProtocol):
    """A connection that must deliver complete requests, and read its answers, in time."""

    request_seconds = config.REQUEST_SECONDS
    reading_seconds = config.READING_SECONDS

    _unsent_before = 0
    _is_done = False
    """Whether everything is answered: all further input is discarded."""
    _too_large = False
    _unparsed_bytes = 0
    """Bytes received since the parser's last callback: httptools buffers the beginning of a field."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer of the first request."""
        super().connection_made(transport)
        self._outlet: Any = _Outlet(transport, self._finish)
        self._alarm = _Alarm(self.loop, self._look)
        if self.client:  # A UNIX socket has no such address, and no such option.
            transport.get_extra_info("socket").setsockopt(IPPROTO_TCP, TCP_NOTSENT_LOWAT, config.UNSENT_BYTES)
        self._look_after(self.request_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._alarm.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; refuse a head, a trailer or a chunk extension that the parser would buffer without limit."""
        self._unparsed_bytes += len(data)
        if not self._is_done:
            super().data_received(data)
        if self._unparsed_bytes > config.HEAD_LIMIT_BYTES and not (self._is_done or self.transport.is_closing()):
            self._too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Start the timer of a request."""
        super().on_message_begin()
        self._look_after(self.request_seconds)

    def on_headers_complete(self) -> None:
        """Refuse the head, or begin to answer. The parser turns the ValueError into a 400."""
        self._unparsed_bytes = 0
        self._too_large = _is_too_large(self.url, self.headers)
        if self._too_large or not _is_sound(self.headers, self.parser):
            raise ValueError("This head is refused.")
        self.begin_answer()
        self.headers = []  # uvicorn would add a trailer to the head, which the application has already read.

    def begin_answer(self) -> None:
        """Let uvicorn call the application for the head that was read."""
        super().on_headers_complete()
        self.cycle.transport = self._outlet

    def on_body(self, body: bytes) -> None:
        """Do not count the body as unparsed."""
        self._unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Start counting unparsed bytes again, and note that the body is complete."""
        self._unparsed_bytes = 0
        self.scope[BODY_IS_HERE] = True  # type: ignore[literal-required]
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request. Blank lines, which stop uvicorn's own timer, do not prolong the wait."""
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body:
            self._finish()
        else:
            self._look_after(self.timeout_keep_alive if self.cycle.response_complete else self.request_seconds)

    def pause_writing(self) -> None:
        """Give the client time to read what is written."""
        super().pause_writing()
        self._look_after(self.reading_seconds)

    def send_400_response(self, msg: str) -> None:
        """Refuse the request and close. While an earlier request awaits its answer, abort without writing anything."""
        if self._owes_answer():
            self.transport.abort()
        elif self._too_large:
            self.transport.write(refusal("431 Request Header Fields Too Large", ""))
            self._finish()
        else:
            self.transport.write(refusal("400 Bad Request", msg))
            self.transport.close()

    def _look_after(self, seconds: float) -> None:
        """Check in `seconds`, and compare then how much was sent meanwhile."""
        self._unsent_before = self.transport.get_write_buffer_size()
        self._alarm.set(seconds)

    def _look(self) -> None:
        """Abort the connection, unless we owe an answer, or the client has read some of one since the last check."""
        if self._owes_answer() and not self.flow.write_paused and not self.transport.is_closing():
            self._look_after(self.request_seconds)
        elif 0 < self.transport.get_write_buffer_size() < self._unsent_before:
            self._look_after(self.reading_seconds)
        else:
            self.transport.abort()

    def _finish(self) -> None:
        """Close once all output is sent. If input is outstanding, first discard it for up to CLOSING_SECONDS."""
        if (self._too_large or (self.cycle.more_body and not self.pipeline)) and not self.transport.is_closing():
            self._is_done = True
            self.transport.write_eof()
            self.flow.resume_reading()
            self._look_after(config.CLOSING_SECONDS)
        else:
            self.transport.close()

    def _owes_answer(self) -> bool:
        """Whether a complete request is not answered yet. A request in the pipeline counts, too: it is not read on."""
        cycle = self.cycle
        return bool(self.pipeline) or (cycle is not None and not cycle.more_body and not cycle.response_complete)


def _is_too_large(url: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether a head exceeds HEAD_LIMIT_BYTES or HEAD_LIMIT_FIELDS."""
    size = len(url) + sum(len(name) + len(value) + len(": \r\n") for name, value in headers)
    return size > config.HEAD_LIMIT_BYTES or len(headers) > config.HEAD_LIMIT_FIELDS


def _is_sound(headers: Sequence[tuple[bytes, bytes]], parser: httptools.HttpRequestParser) -> bool:
    """Whether a head names one host, and no body would be read as a request (RFC 9112, 3.2 and 6.3).

    httptools treats a request that asks for an upgrade as one without a body, and what follows it as another protocol.
    It always does so after CONNECT, even if the target is a path.
    """
    names = [name for name, _ in headers]
    hosts = names.count(b"host")
    names_host = hosts == 1 or (hosts == 0 and parser.get_http_version() == "1.0")
    is_tunnel = parser.get_method() == b"CONNECT"
    return names_host and not is_tunnel and not (parser.should_upgrade() and not _BODY_FIELDS.isdisjoint(names))
