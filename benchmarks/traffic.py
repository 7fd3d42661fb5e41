"""Distinct numbered reports, as events and as each kind of server accepts them. Pure, and quick to import."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from pulse_analytics.events import Event, dedupe_key, event_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Item = TypeVar("Item")

BATCH = 500
"""Events that are filled in, or recorded, at a time."""
PER_MS = 8
"""Reports per ms: as dense as on a busy site, so that their ids are as close together in an index."""
_EVENT = "watched_50_percent"


@dataclass(frozen=True, kw_only=True)
class Reports:
    """`count` reports from number `first` on, of viewers with UUIDs, spread over `videos` videos."""

    first: int
    count: int
    videos: int
    now: int
    """The `ts` of the first report, in ms since 1970."""

    def events(self) -> Iterator[Event]:
        """The reports as accepted events."""
        for number in range(self.count):
            yield make_event(self.first + number, self.videos, self.now + number // PER_MS)

    def batches(self, size: int = BATCH) -> Iterator[list[Event]]:
        """The events, `size` at a time; the last batch may be smaller."""
        return chunks(self.events(), size)


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items, and a last one with the rest."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


@cache
def video_id(number: int) -> str:
    """An id of eleven characters, in no particular order."""
    return urlsafe_b64encode(hashlib.sha256(str(number).encode()).digest()).decode()[:11]


def make_event(number: int, videos: int, ts: int) -> Event:
    """The event with this number."""
    video, user = video_id(number % videos), f"{number:08x}-0000-4000-8000-000000000000"
    return Event(
        id=event_id(video, _EVENT, user, ts),
        video_id=video,
        event=_EVENT,
        user_id=user,
        ts=ts,
        received_at=ts,
    )


def post(events: Sequence[Event]) -> bytes:
    """The HTTP request that reports one event."""
    return _http("/analytics", _report(events[0]))


def post_batch(events: Sequence[Event]) -> bytes:
    """The HTTP request that reports many events."""
    return _http("/analytics/batch", {"events": [_report(event) for event in events]})


def accept_command(events: Sequence[Event], script: str) -> bytes:
    """The Redis command that calls `script` (the digest of accept.lua) to accept them, as the journal does."""
    keys = ["queue:analytics", "pulse:ledger", "pulse:wakeup", *map(dedupe_key, events)]
    words = ["EVALSHA", script, str(len(keys)), *keys, "86400", "3000"]
    for event in events:
        words += (event.id, event.video_id, event.event, event.user_id, str(event.ts), str(event.received_at))
    parts = [b"$%d\r\n%s\r\n" % (len(word), word) for word in (word.encode() for word in words)]
    return b"*%d\r\n" % len(words) + b"".join(parts)


def _report(event: Event) -> dict[str, object]:
    return {"videoId": event.video_id, "event": event.event, "userId": event.user_id, "ts": event.ts}


def _http(path: str, data: object) -> bytes:
    body = json.dumps(data, separators=(",", ":")).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body
