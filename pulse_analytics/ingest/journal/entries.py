"""The content of a journal entry: a valid event, or the reason why it can never be recorded. Pure: no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulse_analytics.config import BATCH_SIZE
from pulse_analytics.events import EVENT_TYPES, MAX_TS, Event, is_event_id, is_event_name, is_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_CHECKS: dict[str, Callable[[str], bool]] = {
    "id": is_event_id,
    "videoId": is_id,
    "event": is_event_name,
    "userId": is_id,
}
_MAX_DIGITS = len(str(MAX_TS))


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry that holds a valid event."""

    entry_id: str
    event: Event


@dataclass(frozen=True, slots=True)
class BadEntry:
    """A journal entry that can never be recorded, and why."""

    entry_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The entries that one `take` got."""

    entries: list[Entry]
    bad: list[BadEntry]
    unknown: list[Entry]
    """Their events are not in EVENT_TYPES: a newer version can record them."""

    @property
    def empty(self) -> bool:
        """Whether there are no entries."""
        return not (self.entries or self.bad or self.unknown)

    @property
    def full(self) -> bool:
        """Whether more entries may wait in the journal."""
        return len(self.entries) + len(self.bad) + len(self.unknown) >= BATCH_SIZE


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A parked entry: its id among the dead letters, why and when it was parked, and its fields."""

    letter_id: str
    reason: str
    parked_at: int
    """In ms since 1970."""
    fields: dict[str, str]


def read_batch(raw: Iterable[tuple[str, Mapping[str, str]]]) -> Batch:
    """The batch of these entries, given as ids and fields."""
    batch = Batch([], [], [])
    for entry_id, fields in raw:
        try:
            entry = Entry(entry_id, read_event(fields))
        except ValueError as error:
            batch.bad.append(BadEntry(entry_id, str(error)))
        else:
            (batch.entries if entry.event.event in EVENT_TYPES else batch.unknown).append(entry)
    return batch


def read_dead_letter(letter_id: str, fields: dict[str, str]) -> DeadLetter:
    """The dead letter of this entry, given as its id and fields."""
    reason, parked_at = fields.pop("parkedReason", "unknown"), fields.pop("parkedAt", "0")
    return DeadLetter(letter_id, reason, int(parked_at), fields)


def read_event(fields: Mapping[str, str]) -> Event:
    """The event that a journal entry holds. Raises ValueError, which names the field, if it holds none."""
    for name, check in _CHECKS.items():
        if not check(fields.get(name, "")):
            raise ValueError(f"{name} is missing or not valid")
    return Event(
        id=fields["id"],
        video_id=fields["videoId"],
        event=fields["event"],
        user_id=fields["userId"],
        ts=_milliseconds(fields, "ts"),
        received_at=_milliseconds(fields, "receivedAt"),
    )


def _milliseconds(fields: Mapping[str, str], name: str) -> int:
    text = fields.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and int(text) <= MAX_TS):
        raise ValueError(f"{name} is missing or not valid")
    return int(text)
