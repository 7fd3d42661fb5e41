"""A keep-alive connection, and the answers on it as http.client parses them."""

from __future__ import annotations

import contextlib
import io
import socket
import time
from http.client import HTTPException, HTTPResponse

from pulse_analytics import config
from tests.web.oracle import Answer

LIMIT_SECONDS = config.REQUEST_SECONDS + config.CLOSING_SECONDS + 3
"""Each request is answered, or its connection is closed, within this time."""
KEEP_ALIVE_SECONDS = 5


class Connection:
    """A keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), LIMIT_SECONDS)
        self._reader = _Unclosed(socket.SocketIO(self._socket, "r"))
        self._answered_at = time.monotonic()
        self._silent_seconds = 0.0
        self._sent_bytes = 0
        self.is_open = True

    def send(self, data: bytes) -> None:
        """Send everything, or as much as the server accepts."""
        self._silent_seconds = time.monotonic() - self._answered_at
        self._sent_bytes = len(data)
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(data)

    def may_be_closed(self) -> bool:
        """Whether this client was so slow (on a busy machine) that the server may close without an answer: it sent
        nothing for too long after the last answer, or sent too large a body too late."""
        late = time.monotonic() - self._answered_at > config.CLOSING_SECONDS
        return self._silent_seconds > KEEP_ALIVE_SECONDS or (late and self._sent_bytes > config.BODY_LIMIT_BYTES)

    def hang_up(self) -> None:
        """Close the sending side."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def answer(self, method: str) -> Answer | None:
        """The next answer, or None if the connection was closed without one. Raises TimeoutError."""
        response = HTTPResponse(self, method=method)  # type: ignore[arg-type]  # all that it takes of a socket
        try:
            response.begin()
            data = response.read()
        except (ConnectionError, HTTPException):
            self.is_open = False
            return None
        self._answered_at = time.monotonic()
        self.is_open = not response.will_close
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The file from which HTTPResponse reads."""
        return self._reader

    def close(self) -> None:
        """Close it."""
        self._reader.close_really()
        self._socket.close()


class _Unclosed(io.BufferedReader):
    """A file that http.client cannot close, so that later answers can be read from it."""

    def close(self) -> None:
        """Do nothing."""

    def close_really(self) -> None:
        super().close()
