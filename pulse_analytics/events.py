"""What a report is: the event, the registry of event types, the dedupe key, the event id. Pure: no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

MAX_ID_LENGTH = 128
MAX_TS = 253_402_300_799_999
"""The last millisecond of the year 9999."""
EARLIEST_MS = timedelta(days=7) // timedelta(milliseconds=1)
LATEST_MS = timedelta(minutes=5) // timedelta(milliseconds=1)
"""`ts` is trusted from EARLIEST_MS before to LATEST_MS after the server's clock. (In SQL: `database/event_days.py`.)"""

_DAY_MS = timedelta(days=1) // timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONTROL_CHARACTERS = r"\x00-\x1f\x7f-\x9f"
_ID = re.compile(rf"[^{_CONTROL_CHARACTERS}\ud800-\udfff]{{1,{MAX_ID_LENGTH}}}")
ID_RULES = {"minLength": 1, "maxLength": MAX_ID_LENGTH, "pattern": f"^[^{_CONTROL_CHARACTERS}]*$"}
"""`is_id` as JSON Schema says it. (Its texts hold no lone surrogates.)"""
_GLOB = re.compile(r"[*?\[\]\\]")
_EVENT_NAME = re.compile(r"[a-z0-9_]{1,64}")
_EVENT_ID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event that can be counted."""

    name: str
    """As players report it."""
    share: float
    """How much of the video is watched when it happens: 0 at its start, up to below 1."""
    dedupe_suffix: str
    """The last part of its dedupe keys."""
    count_column: str
    """Its counter in `video_metrics`, `video_metrics_daily` and `daily_totals`."""


#: To add another one, add its line here, in the order of the shares, and a migration for its counters and their indexes
#: (see CONTRIBUTING.md, "An event type").
EVENT_TYPES = {
    event_type.name: event_type
    for event_type in [
        EventType("video_started", 0.0, "started", "started_count"),
        EventType("watched_25_percent", 0.25, "watched25", "watched_25_count"),
        EventType("watched_50_percent", 0.50, "watched50", "watched_50_count"),
        EventType("watched_75_percent", 0.75, "watched75", "watched_75_count"),
        EventType("watched_95_percent", 0.95, "watched95", "watched_95_count"),
    ]
}

DEFAULT_EVENT = "watched_50_percent"
"""The only one that is accepted, unless PULSE_EVENTS says otherwise. All others cost nothing until then."""

COUNT_COLUMNS = tuple(event_type.count_column for event_type in EVENT_TYPES.values())
"""The counters of a row of `video_metrics`, `video_metrics_daily` or `daily_totals`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One reported fact. Its values are valid: whatever builds an Event has checked them."""

    id: str
    """The idempotency key: `event_id()` of the report's four fields."""
    video_id: str
    event: str
    """A name in EVENT_TYPES. In `Batch.unknown` of the journal: one that only newer versions know."""
    user_id: str
    ts: int
    """The player's clock when the milestone was crossed, in ms since 1970, as sent."""
    received_at: int
    """The web server's clock when the report arrived, in ms since 1970."""

    @property
    def type(self) -> EventType:
        """What kind of event this is."""
        return EVENT_TYPES[self.event]


def event_id(video_id: str, event: str, user_id: str, ts: int) -> str:
    """The id of a report: a version-8 UUID (RFC 9562) of 48 bits of `ts` and 74 bits of a hash of all four fields.

    The same report has the same id on every path, and ids of about the same time are close together in an index.
    """
    # Ids hold no control characters, so joining the fields with \0 is unambiguous.
    digest = blake2b(f"{video_id}\0{event}\0{user_id}\0{ts}".encode(), digest_size=10).digest()
    tail = int.from_bytes(digest, "big")
    number = ts << 80 | 0x8 << 76 | (tail >> 62 & 0xFFF) << 64 | 0b10 << 62 | tail & (1 << 62) - 1
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def dedupe_key(event: Event, user_id: str = "") -> str:
    """The Redis key whose presence means that this viewer is already counted for this video.

    `user_id`: another form of the viewer's id.
    """
    user = _key_part(user_id or event.user_id)
    return f"dedupe:video:{_key_part(event.video_id)}:user:{user}:{event.type.dedupe_suffix}"


class KeyParts(NamedTuple):
    """What a dedupe key says."""

    key: str
    video_id: str
    user_id: str
    suffix: str

    def key_of(self, user_id: str) -> str:
        """The same of another user."""
        begin, _, _ = self.key.rpartition(":user:")
        return f"{begin}:user:{_key_part(user_id)}:{self.suffix}"


def read_dedupe_key(key: str) -> KeyParts | None:
    """The parts of a dedupe key; None if it is not one."""
    parts = key.split(":")
    if len(parts) != 6 or (*parts[:2], parts[3]) != ("dedupe", "video", "user"):
        return None
    return KeyParts(key, _id_of(parts[2]), _id_of(parts[4]), parts[5])


def ts_of(number: str) -> int:
    """The `ts` in an event id, in ms since 1970."""
    return int(number.replace("-", "")[:12], 16)


def dedupe_pattern(user_id: str) -> str:
    """The pattern for SCAN that all dedupe keys of this user match, and no others."""
    part = _GLOB.sub(r"\\\g<0>", _key_part(user_id))
    return f"dedupe:video:*:user:{part}:*"


def count_day(event: Event) -> date:
    """The UTC day that the event counts for: the day of `ts` if that is trusted, else of `received_at`."""
    believable = event.received_at - EARLIEST_MS <= event.ts <= event.received_at + LATEST_MS
    return _day((event.ts if believable else event.received_at) // _DAY_MS)


def utc_time(milliseconds: int) -> datetime:
    """The aware UTC time of `milliseconds` since 1970. Exact: no floating point on the way."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


@lru_cache
def _day(number: int) -> date:
    """The UTC day `number` days after 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=number)


def is_id(text: str) -> bool:
    """Whether `text` can be a video's or a user's id: 1 to 128 characters, no control characters or lone surrogates."""
    return _ID.fullmatch(text) is not None


def is_event_name(text: str) -> bool:
    """Whether `text` can be the name of an event type, of this version or of a newer one."""
    return text in EVENT_TYPES or _EVENT_NAME.fullmatch(text) is not None


def is_event_id(text: str) -> bool:
    """Whether `text` is a UUID as `event_id()` writes it."""
    return _EVENT_ID.fullmatch(text) is not None


def _key_part(text: str) -> str:
    # Otherwise (`a:user:b`, `c`) and (`a`, `b:user:c`) would share a key, and one of the two would never count.
    return text.replace("%", "%25").replace(":", "%3A") if ":" in text or "%" in text else text


def _id_of(part: str) -> str:
    return part.replace("%3A", ":").replace("%25", "%")
