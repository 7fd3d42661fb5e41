"""The plot of growth: how the speed of counting and of the ranking changes with size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure as Canvas

from benchmarks import growth
from benchmarks.figures import Spread

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figures import Board, Figure

PANELS = (
    ("counting, by raw events", "events/s", "raw events in the database"),
    ("counting, by videos", "events/s", "videos"),
    ("the ranking, by raw events", "p99 ms", "raw events in the database"),
    ("the ranking, by videos", "p99 ms", "videos"),
)


def draw(board: Board, path: Path) -> None:
    """Draw the plot as PNG: medians, with the range of the rounds."""
    canvas = Canvas(figsize=(11, 7), layout="constrained")
    for axes, (name, unit, size) in zip(canvas.subplots(2, 2).flat, PANELS, strict=True):
        for figure in board.of(growth.SECTION):
            if figure.name.startswith(f"{name}, ") and figure.unit == unit:
                sizes, spreads = _curve(figure)
                medians = [spread.median for spread in spreads]
                errors = [
                    [spread.median - spread.least for spread in spreads],
                    [spread.most - spread.median for spread in spreads],
                ]
                database = figure.name.rpartition(", ")[2]
                axes.errorbar(sizes, medians, yerr=errors, marker="o", capsize=3, label=database)
        axes.set(title=name.partition(",")[0], xlabel=size, ylabel=unit, xscale="log", ylim=(0, None))
        axes.grid(visible=True, alpha=0.3)
        if axes.containers:
            axes.legend()
    canvas.savefig(path, dpi=120)


def _curve(figure: Figure) -> tuple[list[int], list[Spread]]:
    """The sizes, and the spread of the samples at each."""
    return [int(size.replace(",", "")) for size in figure.samples], list(map(Spread.of, figure.samples.values()))
