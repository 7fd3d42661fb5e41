"""uvicorn's HTTP/1.1 with deadlines and limits: `uvicorn --http pulse_analytics.web.protocol:Protocol`.

uvicorn bounds the time between two requests only; httptools bounds no head. At every moment one timer runs for a
connection. When it goes off, either we owe an answer, or the client is slowly taking one, or the connection ends.
"""

from __future__ import annotations

from socket import IPPROTO_TCP, TCP_NOTSENT_LOWAT
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pulse_analytics import config

if TYPE_CHECKING:
    import asyncio

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Protocol(HttpToolsProtocol):
    """A connection whose requests have to be whole, and whose answers have to be taken, in time."""

    request_seconds = config.REQUEST_SECONDS
    reading_seconds = config.READING_SECONDS

    _timer: asyncio.TimerHandle | None = None
    _too_large = False
    _unparsed_bytes = 0
    """What came since the parser last handed something over: httptools keeps the beginning of a field."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the client the time of a request to say something."""
        super().connection_made(transport)
        if self.client:  # A UNIX socket has no such address, and no such option.
            transport.get_extra_info("socket").setsockopt(IPPROTO_TCP, TCP_NOTSENT_LOWAT, config.UNSENT_BYTES)
        self._look_after(self.request_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; refuse what the parser would gather without end: a head, a trailer, an extension of a chunk."""
        self._unparsed_bytes += len(data)
        super().data_received(data)
        if self._unparsed_bytes > config.HEAD_LIMIT_BYTES and not self.transport.is_closing():
            self._too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin the time of a request."""
        super().on_message_begin()
        self._look_after(self.request_seconds)

    def on_headers_complete(self) -> None:
        """Refuse the head, or begin to answer. The parser makes a 400 of the error."""
        self._unparsed_bytes = 0
        size = len(self.url) + sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)
        self._too_large = size > config.HEAD_LIMIT_BYTES or len(self.headers) > config.HEAD_LIMIT_FIELDS
        if self._too_large or not self._is_sound():
            raise ValueError("This head is refused.")
        super().on_headers_complete()
        self.headers = []  # uvicorn would add a trailer to the head, which the application has already read.

    def on_body(self, body: bytes) -> None:
        """Count what is no body."""
        self._unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin to count what comes next."""
        self._unparsed_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request: blank lines, which end uvicorn's own timer, do not prolong that."""
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body:
            self.transport.close()  # The rest of a body that nobody wants is not read.
        self._look_after(self.timeout_keep_alive if self.cycle.response_complete else self.request_seconds)

    def pause_writing(self) -> None:
        """Give the client time to take what is written."""
        super().pause_writing()
        self._look_after(self.reading_seconds)

    def send_400_response(self, msg: str) -> None:
        """Refuse what came, and close; but not with words in the midst of an earlier request's answer."""
        if self._owes_answer():
            self.transport.abort()
        elif self._too_large:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        else:
            super().send_400_response(msg)

    def _is_sound(self) -> bool:
        """Whether it names one host, and no body would be taken for a request (RFC 9112, 3.2 and 6.3).

        httptools takes a request that may be upgraded for one without a body, and what follows for another protocol.
        """
        names = [name for name, _ in self.headers]
        host_counts = {0, 1} if self.parser.get_http_version() == "1.0" else {1}
        has_body = b"transfer-encoding" in names or b"content-length" in names
        return names.count(b"host") in host_counts and not (has_body and self.parser.should_upgrade())

    def _look_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._look, self.transport.get_write_buffer_size())

    def _look(self, unsent_before: int) -> None:
        """End the connection, unless we owe an answer, or the client took some of one since the timer was set."""
        if self._owes_answer() and not self.flow.write_paused and not self.transport.is_closing():
            self._look_after(self.request_seconds)
        elif 0 < self.transport.get_write_buffer_size() < unsent_before:
            self._look_after(self.reading_seconds)
        else:
            self.transport.abort()

    def _owes_answer(self) -> bool:
        """Whether a request is whole and not yet answered; one that waits for another's answer is read no further."""
        cycle = self.cycle
        return bool(self.pipeline) or (cycle is not None and not cycle.more_body and not cycle.response_complete)
