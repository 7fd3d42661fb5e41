#!/usr/bin/env python3
"""Starts Firefox with the given arguments, and answers for it the one command that it does not know.

Playwright 1.65 sends `emulation.setMediaFeaturesOverride` for each new context, and gives up if that fails. Firefox
153 ESR answers "unknown command". Everything else passes through unchanged. Remove this once Debian's Firefox knows it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketClientConnection, WebSocketHandler, websocket_connect

_UNKNOWN = "emulation.setMediaFeaturesOverride"
_MAX_BYTES = 1 << 28
_READY = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")


class _Relay(WebSocketHandler):
    """Playwright's connection, and behind it one to Firefox."""

    _firefox: WebSocketClientConnection

    def initialize(self, address: str) -> None:
        self._address = address

    async def prepare(self) -> None:
        self._firefox = await websocket_connect(
            self._address, on_message_callback=self._answer, max_message_size=_MAX_BYTES
        )

    async def on_message(self, message: str | bytes) -> None:
        command = json.loads(message)
        if command["method"] == _UNKNOWN:
            await self.write_message({"type": "success", "id": command["id"], "result": {}})
        else:
            await self._firefox.write_message(message)

    def on_close(self) -> None:
        self._firefox.close()

    def _answer(self, message: str | bytes | None) -> None:
        if message is None:
            self.close()
        elif self.ws_connection is not None:
            self.write_message(message)


async def main() -> int:
    """Relay until Firefox ends. Returns its exit code."""
    firefox = await create_subprocess_exec(os.environ["PULSE_TEST_FIREFOX"], *sys.argv[1:], stderr=PIPE)
    assert firefox.stderr is not None
    while line := await firefox.stderr.readline():
        if ready := _READY.search(line):
            # Playwright waits for this line.
            line = b"WebDriver BiDi listening on ws://127.0.0.1:%d\n" % _listen(f"{ready[1].decode()}/session")
        sys.stderr.buffer.write(line)
        sys.stderr.flush()
    return await firefox.wait()


def _listen(address: str) -> int:
    """Relay from a free port to `address`. Returns the port."""
    sockets = bind_sockets(0, "127.0.0.1")
    application = Application([("/session", _Relay, {"address": address})], websocket_max_message_size=_MAX_BYTES)
    HTTPServer(application).add_sockets(sockets)
    return int(sockets[0].getsockname()[1])


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
