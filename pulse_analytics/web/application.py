"""The ASGI application: the express lane in front of the Flask application, start-up and shutdown."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
from typing import TYPE_CHECKING

from pulse_analytics import config
from pulse_analytics.body import BodyTooLarge, ClientGone, read_body
from pulse_analytics.ingest.express import BODY_LIMITS, ExpressLane, read_head
from pulse_analytics.web.client import believed_scheme, is_trusted
from pulse_analytics.web.heart import Heart
from pulse_analytics.web.wsgi_adapter import WsgiAdapter, too_late

if TYPE_CHECKING:
    from flask import Flask

    from pulse_analytics.body import Receive, Scope, Send
    from pulse_analytics.config import Settings
    from pulse_analytics.events import Event
    from pulse_analytics.ingest.express import Answer, Asked, Fields

log = logging.getLogger(__name__)


class Application:
    """The ASGI application that the server calls."""

    def __init__(self, flask_app: Flask) -> None:
        self.flask_app = flask_app
        self.lane = ExpressLane(flask_app)
        self._flask = WsgiAdapter(flask_app)
        settings: Settings = flask_app.extensions["pulse_settings"]
        self._hops, self._trusted_hosts = settings.trusted_proxies, settings.trusted_hosts
        self._heartbeat_dir = settings.heartbeat_dir

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or follow the server's start and end."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    def read_head(self, method: str, path: str, headers: Fields, scheme: str) -> Asked | None:
        """What a request's head says if the express lane may answer it; None for any other request."""
        if self._trusted_hosts and not is_trusted(_value(headers, b"host"), self._trusted_hosts):
            return None  # The Flask application refuses it.
        return read_head(method, path, headers, self._believed(scheme, headers))

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self.lane.close()

    def _believed(self, scheme: str, headers: Fields) -> str:
        return believed_scheme(scheme, _value(headers, b"x-forwarded-proto"), self._hops) if self._hops else scheme

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self.read_head(scope["method"], scope["path"], scope["headers"], scope["scheme"])
        scope["scheme"] = asked.scheme if asked else self._believed(scope["scheme"], scope["headers"])
        if asked is None:
            await self._flask(scope, receive, send)
            return
        try:
            body = await read_body(scope, receive, BODY_LIMITS[asked.path])
            events = self.lane.read(asked.path, body)
        except ClientGone:
            return
        except TimeoutError:
            await too_late(scope, send)
            return
        except BodyTooLarge as error:
            body, events = error.beginning, None
        if events is None:
            await self._flask(scope, receive, send, body)
            return
        status, head, body = await self._accepted(asked, events)
        fields = [*head.fields, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": body})

    def _accepted(self, asked: Asked, events: list[Event]) -> asyncio.Future[Answer]:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.lane.accept(asked, events, lambda given: None if answer.done() else answer.set_result(given))
        return answer

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
        """Start the heartbeat, if there is one, and wait for this process' turn to accept connections."""
        if self._heartbeat_dir is None:
            return None
        heart = Heart(self._heartbeat_dir)
        beating = asyncio.create_task(heart.beat())
        if len(os.sched_getaffinity(0)) <= config.SPARE_CORES:
            await heart.wait_for_turn()
        return beating


def _value(headers: Fields, name: bytes) -> str:
    return b",".join(value.strip(b" \t") for key, value in headers if key == name).decode("latin1")


def _ask_for_descriptors() -> None:
    """Ask for as many file descriptors as this process may have, and say how many: each connection takes one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    log.warning("Process %s serves up to %s connections.", os.getpid(), most)
