"""The figures as one table: for a terminal, as Markdown, as JSON. Pure: no I/O."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.figures import Compare, Spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from benchmarks.figures import Board, Figure

HEADINGS = ("what", "unit", "of", "min", "median", "max", "ratio (min to max)")
LEGEND = (
    "Each figure is the least, the middle and the most of the rounds. A ratio compares the samples of the same round: "
    f"the figure above {Compare.RIVALS.value}; where sizes or ways are compared, the line's own divided by the first "
    "one's."
)


class Row(NamedTuple):
    """A line of the table, as text."""

    what: str
    unit: str
    who: str
    least: str
    median: str
    most: str
    ratio: str


def rows(figures: Iterable[Figure]) -> list[Row]:
    """One line for each figure and each participant; repeated cells are left empty."""
    lines: list[Row] = []
    for name, group in groupby(figures, key=lambda figure: figure.name):
        for figure in group:
            for who, samples in figure.samples.items():
                said = lines and any(line.what == name for line in lines)
                spread, ratio = Spread.of(samples), figure.ratio(who)
                lines.append(
                    Row(
                        "" if said else name,
                        figure.unit if who == figure.first else "",
                        who,
                        number(spread.least),
                        number(spread.median),
                        number(spread.most),
                        words(ratio) if ratio else "",
                    )
                )
    return lines


def number(value: float) -> str:
    """Format with three or four significant digits."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def words(ratio: Spread) -> str:
    """A ratio as `0.34 (0.30 to 0.36)`."""
    least, median, most = map(number, ratio)
    return f"{median} ({least} to {most})"


def terminal(board: Board, about: Mapping[str, str]) -> str:
    """All sections in one table for a terminal."""
    parts = {section: rows(board.of(section)) for section in board.sections}
    lines = [HEADINGS, *(row for part in parts.values() for row in part)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = [f"{name}: {value}" for name, value in about.items()]
    text += ["", _aligned(HEADINGS, widths)]
    for section, part in parts.items():
        text += ["", section.upper(), *(_aligned(row, widths) for row in part)]
        text += [f"  {remark}" for remark in board.remarks.get(section, [])]
    return "\n".join([*text, "", LEGEND])


def markdown(board: Board, about: Mapping[str, str], *, plot: str | None) -> str:
    """Markdown for docs/performance.md."""
    text = ["| Machine | |", "|---|---|", *(f"| {name} | {value} |" for name, value in about.items()), "", LEGEND]
    for section in board.sections:
        text += ["", f"## {section}", "", f"| {' | '.join(HEADINGS)} |", "|---|---|---|--:|--:|--:|---|"]
        text += [f"| {' | '.join(row)} |" for row in rows(board.of(section))]
        text += ["", *(f"- {remark}" for remark in board.remarks.get(section, []))]
    if plot:
        text += ["", f"![How counting and the ranking change with size]({plot})"]
    return "\n".join(text).rstrip() + "\n"


def as_json(board: Board, about: Mapping[str, str]) -> dict[str, Any]:
    """Everything as JSON, including each sample."""
    figures = [
        {
            "section": figure.section,
            "name": figure.name,
            "unit": figure.unit,
            "samples": figure.samples,
            "ratios": {who: ratio._asdict() for who in figure.samples if (ratio := figure.ratio(who))},
        }
        for figure in board.figures
    ]
    return {"machine": dict(about), "figures": figures, "remarks": board.remarks}


def _aligned(row: Iterable[str], widths: Iterable[int]) -> str:
    """Align words to the left and numbers to the right."""
    cells = zip(row, widths, range(len(HEADINGS)), strict=True)
    return "  ".join(
        cell.rjust(width) if 3 <= column <= 5 else cell.ljust(width) for cell, width, column in cells
    ).rstrip()
