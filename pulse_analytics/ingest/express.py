"""The express lane: valid reports are read, accepted and answered on the event loop.

Only the Flask application, which gets every other request, says what is wrong with one, and what an answer looks like.
This module itself only knows what a valid report is.
"""

from __future__ import annotations

import json
import time
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pulse_analytics.config import BATCH_BODY_LIMIT_BYTES, BATCH_LIMIT_EVENTS, BODY_LIMIT_BYTES, current_settings
from pulse_analytics.errors import TryAgain
from pulse_analytics.events import MAX_TS, Event, event_id, is_id
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.journal.shared import SharedCalls
from pulse_analytics.ingest.waker import waker

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from flask import Flask, Response
    from flask.ctx import RequestContext

    from pulse_analytics.ingest.journal.shared import Outcome
    from pulse_analytics.user_ids import UserIds

    Fields: TypeAlias = list[tuple[bytes, bytes]]
    """Headers, their names in lower case."""

_SINGLE, _BATCH = "/analytics", "/analytics/batch"
BODY_LIMITS = {_SINGLE: BODY_LIMIT_BYTES, _BATCH: BATCH_BODY_LIMIT_BYTES}
_MEDIA_TYPES = {b"application/json", b"text/plain"}
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class Asked(NamedTuple):
    """The parts of a report's head that determine the headers of its answer."""

    path: str
    origin: str
    """Empty without an Origin."""
    scheme: str


class Head(NamedTuple):
    """The headers of an answer, without Content-Length."""

    fields: Fields
    lines: bytes
    """The same, as HTTP/1.1 writes them."""


class Answer(NamedTuple):
    """The answer to a report."""

    status: int
    head: Head
    body: bytes


class ExpressLane:
    """Accepts valid reports on an event loop, and words their answers as `app` would."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._head = lru_cache(maxsize=256)(self._head_for)
        with app.app_context():
            self._enabled = frozenset(current_settings().events)
            user_ids = current_settings().user_ids
            self._user_ids = user_ids if user_ids.on else None
            self._calls = SharedCalls(current_journal(), current_settings(), waker.wake)

    def accept(self, asked: Asked, events: list[Event], answer: Callable[[Answer], None]) -> None:
        """Accept the events of a report, and let the event loop call `answer` afterwards."""
        self._calls.accept(events, lambda outcome: answer(self._answer(asked, events, outcome)))

    async def close(self) -> None:
        """Close the connection to Redis."""
        await self._calls.close()

    def read(self, path: str, body: bytes) -> list[Event] | None:
        """The events that a body reports; None if anything in it is invalid, or if it is too large."""
        if len(body) > BODY_LIMITS[path]:
            return None
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
            event = sound_event(item, self._enabled, now, self._user_ids)
            if event is None:
                return None
            events.append(event)
        return events

    def _answer(self, asked: Asked, events: list[Event], outcome: Outcome) -> Answer:
        if isinstance(outcome, TryAgain):
            return self._words_for(asked, outcome)
        results = [
            {"eventId": event.id, "status": "queued" if new else "duplicate"}
            for event, new in zip(events, outcome, strict=True)
        ]
        batch = asked.path == _BATCH
        body = f"{_encode({'results': results} if batch else results[0])}\n".encode()
        return Answer(202 if batch or outcome[0] else 200, self._head(asked), body)

    def _head_for(self, asked: Asked) -> Head:
        """The head that the Flask application gives the answer to such a request."""
        with self._as_if(asked):
            return _head_of(self._app.process_response(self._app.make_response({})))

    def _words_for(self, asked: Asked, error: TryAgain) -> Answer:
        """The answer of the Flask application when a view raises this error."""
        with self._as_if(asked):
            answer = self._app.finalize_request(self._app.handle_user_exception(error))
        return Answer(answer.status_code, _head_of(answer), answer.get_data())

    def _as_if(self, asked: Asked) -> RequestContext:
        """The Flask application's context for such a request."""
        url = f"{asked.scheme}://localhost"
        headers = {"Origin": asked.origin} if asked.origin else {}
        return self._app.test_request_context(asked.path, base_url=url, method="POST", headers=headers)


def sound_event(
    data: object, enabled: frozenset[str], received_at: int, user_ids: UserIds | None = None
) -> Event | None:
    """The event of a valid report: the same as `schemas.load_report` returns, five times as fast.

    None for an invalid report: the schema says what is wrong with it. `user_ids`: None without PULSE_USER_ID_KEY.
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
        if user_ids is not None:
            return user_ids.event(video_id=video_id, event=name, user_id=user_id, ts=ts, received_at=received_at)
        number = event_id(video_id, name, user_id, ts)
        return Event(id=number, video_id=video_id, event=name, user_id=user_id, ts=ts, received_at=received_at)
    return None


def read_head(method: str, path: str, headers: Fields, scheme: str) -> Asked | None:
    """What a request's head says if a report's body may follow; None for any other request."""
    if method != "POST" or path not in BODY_LIMITS:
        return None
    origin = media_type = None
    for name, value in headers:
        if name == b"content-type":
            if media_type is not None:
                return None
            media_type = value.partition(b";")[0].strip().lower()
        elif name == b"origin":
            if origin is not None:
                return None
            origin = value.decode("latin-1")
    return Asked(path, origin or "", scheme) if media_type in _MEDIA_TYPES else None


def _head_of(answer: Response) -> Head:
    lowered = ((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers)
    fields = [(name, value) for name, value in lowered if name != b"content-length"]
    return Head(fields, b"".join(b"%s: %s\r\n" % field for field in fields))
