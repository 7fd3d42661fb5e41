"""`make bench`: measure all sections, or some, and write the table."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmarks import accept, count, growth, machine, plot, space, table, through
from benchmarks.figures import Board
from benchmarks.place import Place
from benchmarks.sizes import DATABASES, FSYNC, FULL, QUICK, USUAL
from benchmarks.versions import UnknownVersion, checked_out

if TYPE_CHECKING:
    from benchmarks.sizes import Sizes

SECTIONS = {module.SECTION: module for module in (accept, count, through, space, growth)}
PLOT = "growth.png"


@click.command()
@click.argument("sections", nargs=-1, type=click.Choice(list(SECTIONS)))
@click.option("--quick", is_flag=True, help="Small sizes, two rounds: some minutes for everything.")
@click.option("--full", is_flag=True, help="Growth up to 10,000,000 raw events and 1,000,000 videos.")
@click.option("--rounds", type=click.IntRange(1), help="How often each figure is measured.")
@click.option("--database", type=click.Choice(DATABASES), help="Only this one.")
@click.option("--wrk/--no-wrk", default=True, show_default=True, help="Post with wrk in accept, if it is on the PATH.")
@click.option(
    "--against", metavar="REF", help="A version, as git knows it, to measure beside this one: accept, through."
)
@click.option(
    "--connections", help="Of accept, as 16,64,256: the first for all.", callback=lambda *words: _sizes(words[2])
)
@click.option("--fsync", type=click.Choice(FSYNC), help="Only this setting of appendfsync in accept.")
@click.option("--rows", help="Sizes of growth: raw events, as 10000,100000.", callback=lambda *words: _sizes(words[2]))
@click.option("--videos", help="Sizes of growth: videos, as 1000,10000.", callback=lambda *words: _sizes(words[2]))
@click.option("--out", default="var/bench", show_default=True, type=click.Path(path_type=Path), help="A folder.")
def main(
    sections: tuple[str, ...],
    quick: bool,
    full: bool,
    rounds: int | None,
    database: str | None,
    wrk: bool,
    against: str | None,
    connections: tuple[int, ...] | None,
    fsync: str | None,
    rows: tuple[int, ...] | None,
    videos: tuple[int, ...] | None,
    out: Path,
) -> None:
    """Measure SECTIONS (accept, count, through, space, growth; all, if none is named), each beside its rivals.

    The table is printed and written as Markdown and JSON, with a plot of growth.
    """
    sizes = QUICK if quick else FULL if full else USUAL
    sizes = replace(
        sizes,
        rounds=rounds or sizes.rounds,
        wrk=wrk,
        against=against,
        connections=connections[0] if connections else sizes.connections,
        more_connections=connections[1:] if connections else sizes.more_connections,
        fsync=(fsync,) if fsync else sizes.fsync,
        databases=(database,) if database else sizes.databases,
        growth_rows=rows or sizes.growth_rows,
        growth_videos=videos or sizes.growth_videos,
    )
    if against:
        check(against)
    board = Board()
    about = run(sections or tuple(SECTIONS), sizes, board, out)
    click.echo(table.terminal(board, about))


def run(sections: tuple[str, ...], sizes: Sizes, board: Board, out: Path) -> dict[str, str]:
    """Measure, and save the results after each section. Returns the description of the machine."""
    with tempfile.TemporaryDirectory(prefix="pulse-bench-") as folder, Place(Path(folder)) as place:
        about = machine.describe(
            place,
            postgresql="postgresql" in sizes.databases,
            node=not {accept.SECTION, through.SECTION}.isdisjoint(sections),
        )
        for name in sections:
            click.echo(f"{name} ...", err=True)
            started = time.monotonic()
            SECTIONS[name].measure(place, sizes, board)
            board.remark(name, f"This section took {time.monotonic() - started:.0f} s, {sizes.rounds} rounds.")
            save(board, about, out)
    return about


def check(ref: str) -> None:
    """Fail at once, and not after the first section, if there is no such version."""
    try:
        with checked_out(ref):
            pass
    except UnknownVersion as error:
        raise click.BadParameter(str(error), param_hint="--against") from error


def save(board: Board, about: dict[str, str], out: Path) -> None:
    """Write the Markdown, the JSON and, if growth was measured, the plot."""
    out.mkdir(parents=True, exist_ok=True)
    drawn = growth.SECTION in board.sections
    if drawn:
        plot.draw(board, out / PLOT)
    (out / "results.md").write_text(table.markdown(board, about, plot=PLOT if drawn else None), encoding="utf-8")
    (out / "results.json").write_text(json.dumps(table.as_json(board, about), indent=1) + "\n", encoding="utf-8")
    click.echo(f"Written to {out}.", err=True)


def _sizes(text: str | None) -> tuple[int, ...] | None:
    """Parse numbers separated by commas."""
    try:
        return tuple(sorted(int(word) for word in text.split(","))) if text else None
    except ValueError as error:
        raise click.BadParameter("Whole numbers, with commas between them.") from error


if __name__ == "__main__":
    main()
