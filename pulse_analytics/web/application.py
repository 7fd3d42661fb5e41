"""The ASGI application: the express lane in front of the Flask application, start-up and shutdown."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
from typing import TYPE_CHECKING

from pulse_analytics import config
from pulse_analytics.ingest.express import ExpressLane
from pulse_analytics.web.client import believed_scheme, is_trusted
from pulse_analytics.web.heart import Heart
from pulse_analytics.web.wsgi_adapter import WsgiAdapter, too_late

if TYPE_CHECKING:
    from flask import Flask

    from pulse_analytics.body import Receive, Scope, Send
    from pulse_analytics.config import Settings

log = logging.getLogger(__name__)


class Application:
    """What an ASGI server calls."""

    def __init__(self, flask_app: Flask) -> None:
        self.flask_app = flask_app
        self._flask = WsgiAdapter(flask_app)
        self._lane = ExpressLane(flask_app, self._flask, too_late)
        settings: Settings = flask_app.extensions["pulse_settings"]
        self._hops, self._trusted_hosts = settings.trusted_proxies, settings.trusted_hosts
        self._answer = self._look_first if self._hops or self._trusted_hosts else self._lane
        self._heartbeat_dir = settings.heartbeat_dir

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or follow the server's start and end."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def close(self) -> None:
        """Let go of Redis."""
        await self._lane.close()

    async def _look_first(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose scheme a proxy may say, and whose host may not be served: the Flask app refuses it."""
        scope["scheme"] = believed_scheme(scope["scheme"], _header(scope, b"x-forwarded-proto"), self._hops)
        served = not self._trusted_hosts or is_trusted(_header(scope, b"host"), self._trusted_hosts)
        await (self._lane if served else self._flask)(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        _ask_for_descriptors()
        beating = await self._come_to_life()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if beating is not None:
            beating.cancel()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _come_to_life(self) -> asyncio.Task[None] | None:
        """Let the heart beat, if there is one, and wait for the turn to accept connections."""
        if self._heartbeat_dir is None:
            return None
        heart = Heart(self._heartbeat_dir)
        beating = asyncio.create_task(heart.beat())
        if len(os.sched_getaffinity(0)) <= config.SPARE_CORES:
            await heart.wait_for_turn()
        return beating


def _header(scope: Scope, name: bytes) -> str:
    return b",".join(value.strip(b" \t") for key, value in scope["headers"] if key == name).decode("latin1")


def _ask_for_descriptors() -> None:
    """Ask for as many file descriptors as this process may have, and say how many: each connection takes one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    log.warning("Process %s serves up to %s connections.", os.getpid(), most)
