"""The counters of the event types: which columns a report reads, and how its answer spells their counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from sqlalchemy import literal_column, or_, true

from pulse_analytics.config import current_settings
from pulse_analytics.events import DEFAULT_EVENT, EVENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, FromClause

Counts = dict[str, int]
"""A count of each event type that a report reads, by its name."""


class CountsBody(TypedDict):
    """Counts as the JSON answers spell them."""

    watched50Count: int
    counts: Counts


def reported_events() -> tuple[str, ...]:
    """The event types that reports read: those of PULSE_EVENTS, and DEFAULT_EVENT, whose count is in every answer."""
    events = current_settings().events
    return events if DEFAULT_EVENT in events else (*events, DEFAULT_EVENT)


def named(counts: Sequence[int]) -> Counts:
    """The counts that were read from the counters of `reported_events()`, by event type."""
    return dict(zip(reported_events(), counts, strict=True))


def body_of(counts: Mapping[str, int]) -> CountsBody:
    """The counts in words. {}: all are 0."""
    return {"watched50Count": counts.get(DEFAULT_EVENT, 0), "counts": enabled(counts)}


def enabled(counts: Mapping[str, int]) -> Counts:
    """Those of the enabled event types, in the order of their shares."""
    return {event: counts.get(event, 0) for event in current_settings().events}


def counter(table: FromClause, event: str) -> ColumnElement[int]:
    """The counter of an event type in an aggregate, or in a query of one."""
    column: ColumnElement[int] = table.c[EVENT_TYPES[event].count_column]
    return column


def counters(table: FromClause, events: Sequence[str]) -> list[ColumnElement[int]]:
    """The counters of these event types."""
    return [counter(table, event) for event in events]


def any_of(columns: Sequence[ColumnElement[int]]) -> ColumnElement[bool]:
    """The condition that at least one of these counts is above 0."""
    return or_(*(column > 0 for column in columns))


def indexed(table: FromClause, event: str) -> ColumnElement[bool]:
    """What a query must say so that the database uses the index of the ranking by this event type.

    That of DEFAULT_EVENT holds all rows, and those of the others only rows with a count. Their 0 is written into the
    statement, because SQLite compares conditions as they are written.
    """
    return true() if event == DEFAULT_EVENT else counter(table, event) > literal_column("0")
