"""`python -m crash.table`: what each harm by itself does to the stack under steady traffic, as a table."""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crash.clients import CLIENTS, Crowd, Habits
from crash.disk import have_own_mounts
from crash.evidence import NO_ANSWER, Evidence
from crash.found import find, is_drained
from crash.judge import judge
from crash.measure import Measured, Meter
from crash.once import DRAIN_SECONDS
from crash.place import open_place
from crash.plan import DATABASES, WEBS
from crash.stack import Stack
from crash.troubles import list_troubles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crash.judge import Verdict
    from crash.place import Place
    from crash.troubles import Trouble

REPORTS_PER_SECOND = 100
REPORTS_PER_DELIVERY = 1.9
"""The mean size of a client's deliveries."""
#: Without rare large batches, whose effect would hide that of the harm.
HABITS = Habits(pause_seconds=CLIENTS * REPORTS_PER_DELIVERY / REPORTS_PER_SECOND, largest_batch=20)
CALM_SECONDS = 0.5
"""Pause between two troubles."""

_ANSWERS = ("202", "200", "503", NO_ANSWER)


def main() -> int:
    """Measure. Returns 1 if the accounts are wrong at the end."""
    options = _options()
    can_fill = have_own_mounts()
    verdicts: list[Verdict] = []
    rows: defaultdict[str, list[Measured]] = defaultdict(list)
    with open_place(options.database, can_fill=can_fill) as place:
        for repeat in range(options.repeats):
            troubles = list_troubles(options.database, repeat, can_fill=can_fill)
            troubles = [trouble for trouble in troubles if options.only in trouble.name]
            verdict = _repeat(place, repeat, troubles, rows, can_fill=can_fill)
            verdicts.append(verdict)
            if options.table:
                options.table.write_text(table(rows), encoding="utf-8")
            click.echo(f"repeat {repeat + 1}: {verdict}")
            click.echo("\n".join(verdict.words[:12]))
    click.echo(table(rows), nl=False)
    return int(not all(verdict.good for verdict in verdicts))


def table(rows: dict[str, list[Measured]]) -> str:
    """The measurements by trouble, as Markdown: the median of each number over the repeats."""
    lines = ["| What | Clients see | Journal holds (max) | All counted after (max) |", "|---|---|---|---|"]
    for name, measured in rows.items():
        waiting = [each.most_waiting for each in measured]
        counted = [each.counted_seconds for each in measured]
        lines.append(
            f"| {name} | {_answers(measured)} | {statistics.median(waiting):.0f} ({max(waiting)}) "
            f"| {statistics.median(counted):.1f} s ({max(counted):.1f} s) |"
        )
    return "\n".join(lines) + "\n"


def _answers(measured: list[Measured]) -> str:
    """The median count of each kind of answer, without kinds that never came, and the slowest answer of all."""
    others = sorted({status for each in measured for status in each.statuses}.difference(_ANSWERS))
    parts = []
    for status in (*_ANSWERS, *others):
        counts = [each.statuses[status] for each in measured]
        if any(counts):
            parts.append(f"{statistics.median(counts):.0f} \N{MULTIPLICATION SIGN} {status}")
    return f"{', '.join(parts)}; slowest {max(each.slowest_seconds for each in measured):.2f} s"


def _repeat(
    place: Place, repeat: int, troubles: list[Trouble], rows: dict[str, list[Measured]], *, can_fill: bool
) -> Verdict:
    """Measure every trouble once, on a stack of its own, and then compare the accounts."""
    folder, evidence = place.folder / f"table-{repeat}", Evidence()
    folder.mkdir(mode=0o711)
    with (
        closing(place.databases.new(folder, "head")) as database,
        Stack(folder, database, place.network, can_fill=can_fill) as stack,
    ):
        ports = [stack.links[f"client>{web}"].port for web in WEBS]
        crowd = Crowd(ports, evidence, repeat, HABITS)
        try:
            crowd.start()
            for name, measured in _measure(stack, evidence, troubles):
                rows[name].append(measured)
            crowd.leave()
            stack.heal()
            stack.wait_until(lambda: crowd.is_gone() and is_drained(stack.redis), DRAIN_SECONDS)
        finally:
            crowd.end()
        unlinked = any(harm.kind == "unlink" for trouble in troubles for harm in trouble.harms)
        verdict = judge(evidence, find(stack.redis, database), keys_kept=not unlinked)
    if verdict.good:
        shutil.rmtree(folder)
    return verdict


def _measure(stack: Stack, evidence: Evidence, troubles: list[Trouble]) -> Iterator[tuple[str, Measured]]:
    with closing(Meter(stack, evidence)) as meter:
        stack.wait_until(lambda: all(part.is_ready() for part in stack.parts.values()), DRAIN_SECONDS)
        for trouble in troubles:
            stack.wait_until(lambda: is_drained(stack.redis), CALM_SECONDS)
            measured = meter.measure(trouble)
            click.echo(
                f"{trouble.name}: {_answers([measured])}; {measured.most_waiting} waited; "
                f"counted after {measured.counted_seconds:.2f} s"
            )
            yield trouble.name, measured


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m crash.table", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, required=True)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="troubles whose name holds this")
    parser.add_argument("--table", type=Path, help="a file to write the table so far to")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
