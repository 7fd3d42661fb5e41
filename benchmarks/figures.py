"""Figures: samples, round by round, and their ratios to a rival's. Pure: no I/O."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

PULSE = "pulse"


class Compare(Enum):
    """How the others of a figure are compared with its first."""

    RIVALS = "divided by the rival's"
    """The ratio is the first's sample divided by the other's."""
    BASE = "divided by that at the smallest size"
    """The ratio is the other's sample divided by the first's."""
    NOT = "no ratio"


class Spread(NamedTuple):
    """Minimum, median and maximum of some samples."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """The spread of at least one sample."""
        return cls(min(samples), statistics.median(samples), max(samples))


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least `percent` % of the samples do not exceed (nearest rank)."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


@dataclass
class Figure:
    """One quantity, measured in every round, for us and for the rivals that took turns with us."""

    section: str
    name: str
    unit: str
    compare: Compare = Compare.RIVALS
    samples: dict[str, list[float]] = field(default_factory=dict)
    """One sample for each round, by who or what was measured. The others are compared with the first."""

    @property
    def first(self) -> str:
        """The one that the others are compared with."""
        return next(iter(self.samples))

    def ratio(self, who: str) -> Spread | None:
        """The ratio of the first and `who` (see Compare) over all rounds, or None if there is nothing to compare."""
        if self.compare is Compare.NOT or who == self.first:
            return None
        one, other = self.samples[self.first], self.samples[who]
        if self.compare is Compare.BASE:
            one, other = other, one
        return Spread.of([a / b if b else math.inf for a, b in zip(one, other, strict=True)])


class Board:
    """All figures and remarks, in the order in which they were added."""

    def __init__(self) -> None:
        self._figures: dict[tuple[str, str, str], Figure] = {}
        self.remarks: dict[str, list[str]] = {}
        """Remarks by section."""

    @property
    def figures(self) -> list[Figure]:
        """All figures."""
        return list(self._figures.values())

    @property
    def sections(self) -> list[str]:
        """The sections that have figures."""
        return list(dict.fromkeys(figure.section for figure in self.figures))

    def of(self, section: str) -> list[Figure]:
        """The figures of a section."""
        return [figure for figure in self.figures if figure.section == section]

    def add(
        self,
        section: str,
        name: str,
        unit: str,
        value: float,
        who: str = PULSE,
        *,
        compare: Compare = Compare.RIVALS,
    ) -> None:
        """Note one round's sample."""
        figure = self._figures.setdefault((section, name, unit), Figure(section, name, unit, compare))
        figure.samples.setdefault(who, []).append(value)

    def remark(self, section: str, text: str) -> None:
        """Note a sentence for a section; the same sentence is noted once."""
        remarks = self.remarks.setdefault(section, [])
        if text not in remarks:
            remarks.append(text)
