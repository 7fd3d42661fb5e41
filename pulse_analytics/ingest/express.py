"""The express lane: valid reports are read, accepted and answered on the event loop.

Every other request goes to the Flask application, together with its body if that was read. Only the Flask application
says what is wrong with a request, and what an answer looks like. This module itself only knows what a valid report is.
"""

from __future__ import annotations

import json
import time
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pulse_analytics.body import BodyTooLarge, ClientGone, read_body
from pulse_analytics.config import BATCH_BODY_LIMIT_BYTES, BATCH_LIMIT_EVENTS, BODY_LIMIT_BYTES, current_settings
from pulse_analytics.errors import TryAgain
from pulse_analytics.events import MAX_TS, Event, event_id, is_id
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.journal.shared import SharedCalls
from pulse_analytics.ingest.waker import waker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from flask import Flask, Response
    from flask.ctx import RequestContext

    from pulse_analytics.body import Receive, Scope, Send

    Headers = list[tuple[bytes, bytes]]

_SINGLE, _BATCH = "/analytics", "/analytics/batch"
_BODY_LIMITS = {_SINGLE: BODY_LIMIT_BYTES, _BATCH: BATCH_BODY_LIMIT_BYTES}
_MEDIA_TYPES = {b"application/json", b"text/plain"}
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class _Asked(NamedTuple):
    """The parts of a request that determine the headers of its answer."""

    path: str
    origin: str
    scheme: str


class _Answer(NamedTuple):
    status: int
    headers: Headers
    body: bytes


class ExpressLane:
    """An ASGI application in front of others. `otherwise` answers all requests that are not valid reports, and is given
    the body if it was read; `too_late` answers a client whose body did not arrive in time."""

    def __init__(
        self, app: Flask, otherwise: Callable[..., Awaitable[None]], too_late: Callable[[Scope, Send], Awaitable[None]]
    ) -> None:
        self._app = app
        self._otherwise = otherwise
        self._too_late = too_late
        self._headers = lru_cache(maxsize=256)(self._headers_for)
        with app.app_context():
            self._enabled = frozenset(current_settings().events)
            self._calls = SharedCalls(current_journal(), current_settings(), waker.wake)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        limit = _BODY_LIMITS.get(scope["path"])
        origin = _origin_of_report(scope) if limit else None
        if limit is None or origin is None:
            await self._otherwise(scope, receive, send)
            return
        try:
            body = await read_body(scope, receive, limit)
            events = self._sound_events(scope["path"], body)
        except ClientGone:
            return
        except TimeoutError:
            await self._too_late(scope, send)
            return
        except BodyTooLarge as error:
            body, events = error.beginning, None
        if events is None:
            await self._otherwise(scope, receive, send, body)
            return
        status, headers, body = await self._answer(_Asked(scope["path"], origin, scope["scheme"]), events)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def close(self) -> None:
        """Close the connection to Redis."""
        await self._calls.close()

    def _sound_events(self, path: str, body: bytes) -> list[Event] | None:
        """The events that a body reports; None if anything in it is invalid."""
        try:
            # From bytes, json.loads() would detect UTF-16 first. The Flask application answers a body in UTF-16.
            data = json.loads(body.decode())
        except (ValueError, RecursionError):
            return None
        if path == _BATCH:
            data = data.get("events") if isinstance(data, dict) else None
            if not isinstance(data, list) or not 1 <= len(data) <= BATCH_LIMIT_EVENTS:
                return None
        else:
            data = [data]
        now = time.time_ns() // 1_000_000
        events = []
        for item in data:
            event = sound_event(item, self._enabled, now)
            if event is None:
                return None
            events.append(event)
        return events

    async def _answer(self, asked: _Asked, events: list[Event]) -> _Answer:
        try:
            accepted = await self._calls.accept(events)
        except TryAgain as error:
            return self._words_for(asked, error)
        results = [
            {"eventId": event.id, "status": "queued" if new else "duplicate"}
            for event, new in zip(events, accepted, strict=True)
        ]
        batch = asked.path == _BATCH
        body = f"{_encode({'results': results} if batch else results[0])}\n".encode()
        headers = [*self._headers(asked), (b"content-length", b"%d" % len(body))]
        return _Answer(202 if batch or accepted[0] else 200, headers, body)

    def _headers_for(self, asked: _Asked) -> Headers:
        """The headers that the Flask application gives the answer to such a request, except its length."""
        with self._as_if(asked):
            answer = self._app.process_response(self._app.make_response({}))
        return [(name, value) for name, value in _headers_of(answer) if name != b"content-length"]

    def _words_for(self, asked: _Asked, error: Exception) -> _Answer:
        """The answer of the Flask application if a view raises this error."""
        with self._as_if(asked):
            answer = self._app.finalize_request(self._app.handle_user_exception(error))
        return _Answer(answer.status_code, _headers_of(answer), answer.get_data())

    def _as_if(self, asked: _Asked) -> RequestContext:
        """The Flask application's context for such a request."""
        url = f"{asked.scheme}://localhost"
        headers = {"Origin": asked.origin} if asked.origin else {}
        return self._app.test_request_context(asked.path, base_url=url, method="POST", headers=headers)


def sound_event(data: object, enabled: frozenset[str], received_at: int) -> Event | None:
    """The event of a valid report: the same as `schemas.load_report` returns, five times as fast.

    None for an invalid report: the schema says what is wrong with it.
    """
    if not isinstance(data, dict):
        return None
    video_id, name, user_id, ts = data.get("videoId"), data.get("event"), data.get("userId"), data.get("ts")
    if (
        (isinstance(video_id, str) and is_id(video_id))
        and (isinstance(name, str) and name in enabled)
        and (isinstance(user_id, str) and is_id(user_id))
        and (type(ts) is int and 0 <= ts <= MAX_TS)
    ):
        number = event_id(video_id, name, user_id, ts)
        return Event(id=number, video_id=video_id, event=name, user_id=user_id, ts=ts, received_at=received_at)
    return None


def _origin_of_report(scope: Scope) -> str | None:
    """The Origin of a POST whose media type reports may have ('' without an Origin); None for any other request."""
    if scope["method"] != "POST":
        return None
    origin = media_type = None
    for name, value in scope["headers"]:
        if name == b"content-type":
            if media_type is not None:
                return None
            media_type = value.partition(b";")[0].strip().lower()
        elif name == b"origin":
            if origin is not None:
                return None
            origin = value.decode("latin-1")
    return (origin or "") if media_type in _MEDIA_TYPES else None


def _headers_of(answer: Response) -> Headers:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
