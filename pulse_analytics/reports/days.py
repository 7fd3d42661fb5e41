"""A range of days, and the SQL condition that a day is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypedDict

from sqlalchemy import and_, true

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement


class Ends(TypedDict):
    """Both ends of a range as the JSON answers spell them: YYYY-MM-DD; None: open."""

    since: str | None
    until: str | None


@dataclass(frozen=True, slots=True)
class Days:
    """UTC days from `since` up to but not including `until`; None leaves that end open."""

    since: date | None = None
    until: date | None = None

    @property
    def all_time(self) -> bool:
        """Whether both ends are open."""
        return self.since is None and self.until is None

    def holds(self, day: Column[date]) -> ColumnElement[bool]:
        """The condition that `day` is in the range."""
        since = true() if self.since is None else day >= self.since
        return and_(since, true() if self.until is None else day < self.until)

    def within(self, first: date, last: date) -> Days:
        """These days, with each open end closed where the data (`first` to `last`) ends."""
        return Days(self.since or first, self.until or last + timedelta(days=1))

    def last(self, most: int) -> Days:
        """At most the last `most` days. A range with an open end is returned unchanged."""
        return Days(self.until - timedelta(days=most), self.until) if self.until and self.count() > most else self

    def count(self) -> int:
        """The number of days, or 0 if an end is open."""
        return max(0, (self.until - self.since).days) if self.since and self.until else 0

    def each(self) -> list[date]:
        """Each day of the range, or none if an end is open."""
        return [self.since + timedelta(days=number) for number in range(self.count())] if self.since else []

    def words(self) -> Ends:
        """Both ends in words."""
        since, until = self.since, self.until
        return {"since": since.isoformat() if since else None, "until": until.isoformat() if until else None}
