"""How the page writes numbers and days for a visitor from the United States."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_DAYS = 120
"""Longer ranges are shown by week."""
MOST_DAYS_IN_WEEKS = 840
"""Longer ranges are shown by month."""


def views(count: int) -> str:
    """A count as `1,204 views`."""
    return f"{count:,} view{'' if count == 1 else 's'}"


def share(part: int, whole: int) -> str:
    """A share as `12.3%`."""
    percent = Decimal(repr(part / whole)) * 100
    return f"{percent.quantize(Decimal('0.1'), ROUND_HALF_UP)}%"


def day(when: date) -> str:
    """A day as `Nov 3, 2026`."""
    return f"{when:%b} {when.day}, {when.year}"


def unit(days: int) -> str:
    """What one bar stands for in a chart of `days` days: day, week or month."""
    if days <= MOST_DAYS:
        return "day"
    return "week" if days <= MOST_DAYS_IN_WEEKS else "month"


def bars(series: Mapping[date, int]) -> list[str]:
    """The text that a chart of these days announces for each bar."""
    match unit(len(series)):
        case "day":
            return [f"{day(when)}: {views(count)}" for when, count in series.items()]
        case "week":
            weeks = _added_up(series, lambda when: when - timedelta(days=when.weekday()))
            return [f"Week of {day(monday)}: {views(count)}" for monday, count in weeks.items()]
        case _:
            months = _added_up(series, lambda when: when.replace(day=1))
            return [f"{first:%B %Y}: {views(count)}" for first, count in months.items()]


def _added_up(series: Mapping[date, int], first_day: Callable[[date], date]) -> Counter[date]:
    sums: Counter[date] = Counter()
    for when, count in series.items():
        sums[first_day(when)] += count
    return sums
