"""How often each video was watched on each day. Pure: no I/O."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Counts:
    """A count for each video and UTC day; pairs without views are absent."""

    by_pair: Mapping[tuple[str, date], int] = field(default_factory=dict)

    def within(self, since: date, until: date) -> Counts:
        """The counts from `since` up to but not including `until`."""
        return Counts({pair: count for pair, count in self.by_pair.items() if since <= pair[1] < until})

    def last_days(self, number: int, today: date) -> Counts:
        """The counts of the last `number` days, including `today`."""
        return self.within(today - (number - 1) * DAY, today + DAY)

    def beginning(self, prefix: str) -> Counts:
        """The counts of videos whose id begins with `prefix`."""
        return Counts({pair: count for pair, count in self.by_pair.items() if pair[0].startswith(prefix)})

    @property
    def total(self) -> int:
        """The sum of all counts."""
        return sum(self.by_pair.values())

    @property
    def first(self) -> date:
        """The first day with a count."""
        return min(day for _, day in self.by_pair)

    @property
    def last(self) -> date:
        """The last day with a count."""
        return max(day for _, day in self.by_pair)

    def by_video(self) -> Counter[str]:
        """The sum of each video."""
        sums: Counter[str] = Counter()
        for (video_id, _), count in self.by_pair.items():
            sums[video_id] += count
        return sums

    def ranking(self) -> list[tuple[str, int]]:
        """The videos and their sums: the largest first, ties by id."""
        return sorted(self.by_video().items(), key=lambda each: (-each[1], each[0]))

    def rank(self, video_id: str) -> int:
        """A video's place in the ranking, from 1 on."""
        return [each for each, _ in self.ranking()].index(video_id) + 1

    def series(self, since: date, until: date) -> dict[date, int]:
        """The sum of each day from `since` up to but not including `until`, including days with zero."""
        sums = {since + number * DAY: 0 for number in range((until - since).days)}
        for (_, day), count in self.within(since, until).by_pair.items():
            sums[day] += count
        return sums
