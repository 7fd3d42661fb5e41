"""Figures: what was measured, round by round, and what it is beside a rival's. Pure: no I/O."""

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
    """What the first one of a figure is to the others."""

    RIVALS = "divided by the rival's"
    """Their ratio is the first's sample divided by theirs."""
    BASE = "divided by that at the smallest size"
    """Their ratio is their sample divided by the first's."""
    NOT = "no ratio"


class Spread(NamedTuple):
    """The least, the middle and the most of some samples."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """The spread of at least one sample."""
        return cls(min(samples), statistics.median(samples), max(samples))


def percentile(samples: Sequence[float], percent: float) -> float:
    """The least sample that at least `percent` of 100 of them do not exceed (nearest rank)."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


@dataclass
class Figure:
    """One quantity, measured in every round, of us and of rivals that took turns with us."""

    section: str
    name: str
    unit: str
    compare: Compare = Compare.RIVALS
    samples: dict[str, list[float]] = field(default_factory=dict)
    """By who or what was measured, one sample for each round. The others are compared with the first."""

    @property
    def first(self) -> str:
        """Whom the others are compared with."""
        return next(iter(self.samples))

    def ratio(self, who: str) -> Spread | None:
        """What the first one is to `who`, or `who` to the first, round by round; None: there is nothing to compare."""
        if self.compare is Compare.NOT or who == self.first:
            return None
        one, other = self.samples[self.first], self.samples[who]
        if self.compare is Compare.BASE:
            one, other = other, one
        return Spread.of([a / b if b else math.inf for a, b in zip(one, other, strict=True)])


class Board:
    """All figures and remarks, in the order in which they came."""

    def __init__(self) -> None:
        self._figures: dict[tuple[str, str, str], Figure] = {}
        self.remarks: dict[str, list[str]] = {}
        """By section."""

    @property
    def figures(self) -> list[Figure]:
        """All of them."""
        return list(self._figures.values())

    @property
    def sections(self) -> list[str]:
        """Those that have figures."""
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
        """Note a sentence that belongs to a section, once."""
        remarks = self.remarks.setdefault(section, [])
        if text not in remarks:
            remarks.append(text)
