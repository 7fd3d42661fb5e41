"""uvicorn's HTTP/1.1 for pulse_analytics: `uvicorn --http pulse_analytics.web.protocol:Protocol`.

A report that arrives whole, in one read of its connection, is answered without ASGI: a scope, a task, its events and
its messages would cost more than everything else that is done for it. Every other request, and everything that is not
valid, goes the usual way. So nothing is decided here: web/application.py reads heads, ingest/express.py bodies.
"""

from __future__ import annotations

import asyncio
from functools import cached_property, partial
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from pulse_analytics.web.application import Application
from pulse_analytics.web.deadlines import DeadlineProtocol

if TYPE_CHECKING:
    from pulse_analytics.ingest.express import Answer, Asked, ExpressLane


class _Cycle:
    """What uvicorn's protocol reads and sets of a request that is being answered (RequestResponseCycle)."""

    __slots__ = ("disconnected", "keep_alive", "response_complete")
    more_body = False
    message_event = asyncio.Event()  # Nobody waits for it.

    def __init__(self) -> None:
        self.disconnected = self.response_complete = False
        self.keep_alive = True


class Protocol(DeadlineProtocol):
    """A connection that takes the shortcut where it can."""

    _asked: Asked | None = None
    """The head of a report whose body has not been read yet."""
    _body = b""

    @cached_property
    def _application(self) -> Application | None:
        """The application, if nothing is wrapped around it, and no log wants to hear of each request."""
        is_bare = isinstance(self.app, Application) and not self.root_path and not self.access_log
        return self.app if is_bare else None

    def data_received(self, data: bytes) -> None:
        """Parse. A report that has not arrived whole goes the usual way, which waits for it."""
        super().data_received(data)
        if self._asked is not None and not (self._is_done or self.transport.is_closing()):
            self._go_usual_way()

    def begin_answer(self) -> None:
        """Wait for the body of what may be a report; begin any other answer."""
        self._asked, self._body = self._read_head(), b""
        if self._asked is None:
            super().begin_answer()

    def on_body(self, body: bytes) -> None:
        """Keep the body of what may be a report."""
        if self._asked is None:
            super().on_body(body)
        else:
            self._unparsed_bytes = 0
            self._body += body

    def on_message_complete(self) -> None:
        """Accept a valid report, or end any other request."""
        if self._asked is not None and self._application is not None:
            if self._take_shortcut(self._application.lane, self._asked):
                return
            self._go_usual_way()
        super().on_message_complete()

    def _read_head(self) -> Asked | None:
        """What the head says, if it may be a report's, and nothing else about this request needs uvicorn."""
        parser = self.parser
        if (
            self._application is None
            or self.expect_100_continue
            or self.flow.write_paused
            or not (self.cycle is None or self.cycle.response_complete)
            or not parser.should_keep_alive()
            or parser.get_http_version() != "1.1"
        ):
            return None
        method, path = parser.get_method().decode("latin-1"), self.url.decode("latin-1")
        return self._application.read_head(method, path, self.headers, str(self.scheme))

    def _take_shortcut(self, lane: ExpressLane, asked: Asked) -> bool:
        """Accept the report if it is valid."""
        events = lane.read(asked.path, self._body)
        if events is None:
            return False
        self._asked = None
        self._unparsed_bytes = 0
        cycle = _Cycle()
        self.cycle = cycle  # type: ignore[assignment]
        lane.accept(asked, events, partial(self._answer, cycle))
        return True

    def _go_usual_way(self) -> None:
        self._asked = None
        super().begin_answer()
        if self._body:
            super().on_body(self._body)

    def _answer(self, cycle: _Cycle, answer: Answer) -> None:
        if self.transport.is_closing():
            return
        status, head, body = answer
        dated = b"".join([b"%s: %s\r\n" % field for field in self.server_state.default_headers])
        length = b"content-length: %d\r\n" % len(body)
        closing = b"" if cycle.keep_alive else b"connection: close\r\n"
        self.transport.write(b"".join([STATUS_LINE[status], dated, head.lines, length, closing, b"\r\n", body]))
        cycle.response_complete = True
        if not cycle.keep_alive:
            self._finish()
        self.on_response_complete()
