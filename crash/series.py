"""Many runs: resumable, one line each, with the evidence of failed ones and a summary."""

from __future__ import annotations

import json
import shutil
import statistics
from collections import Counter
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from crash.judge import FAULTS
from crash.once import Outcome, Run
from crash.place import open_place
from crash.plan import add_errands, make_plan

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crash.judge import Verdict
    from crash.place import Place
    from crash.plan import Plan

WORDS_SHOWN = 12


class Progress:
    """The finished runs of one command, kept in a file so that an interrupted command can resume."""

    def __init__(self, folder: Path, database: str, seed: int, *, errands: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{database}-{seed}{'-errands' * errands}.jsonl"

    def read(self) -> list[Outcome]:
        """The outcomes so far."""
        if not self._file.exists():
            return []
        lines = self._file.read_text(encoding="utf-8").splitlines()
        # A killed harness may have left half a line.
        return [Outcome(**json.loads(line)) for line in lines if line.endswith("}")]

    def add(self, outcome: Outcome) -> None:
        """Add a finished run."""
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(outcome)) + "\n")

    def finish(self) -> None:
        """All runs are finished: forget them, so that the same command starts from the beginning."""
        if self._file.exists():
            self._file.replace(self._file.with_suffix(".done.jsonl"))


def run_series(
    database: str,
    seed: int,
    runs: int,
    progress: Progress,
    *,
    can_fill: bool,
    until_failure: bool = False,
    errands: bool = False,
) -> list[Outcome]:
    """Run the seeds `seed` to `seed + runs - 1` on `database`, except those that an interrupted command has finished.

    `errands`: operators expire raw events and forget users meanwhile. Prints a line for each, and what went wrong.
    """
    outcomes = progress.read()[:runs]
    if outcomes:
        click.echo(f"{len(outcomes)} of {runs} runs on {database} were done before; going on.")
    with open_place(database, can_fill=can_fill) as place:
        for number in range(len(outcomes), runs):
            plan = make_plan(seed + number, database, can_fill=can_fill)
            plan = add_errands(plan) if errands else plan
            outcome = _run(plan, place, progress, can_fill=can_fill)
            outcomes.append(outcome)
            if until_failure and not outcome.good:
                break
    progress.finish()
    return outcomes


def _run(plan: Plan, place: Place, progress: Progress, *, can_fill: bool) -> Outcome:
    folder = place.folder / f"{plan.database}-{plan.seed}"
    folder.mkdir(mode=0o711)
    try:
        with closing(place.databases.new(folder, plan.revision)) as database:
            outcome, verdict = Run(plan, folder, database, place.network, can_fill=can_fill).run()
    except KeyboardInterrupt:
        # The files of half a run prove nothing.
        shutil.rmtree(folder, ignore_errors=True)
        raise
    progress.add(outcome)
    if verdict.good:
        shutil.rmtree(folder)
    click.echo(_line(outcome))
    if not verdict.good:
        _explain(plan, verdict, folder)
    return outcome


def _line(outcome: Outcome) -> str:
    return (
        f"seed {outcome.seed} {outcome.database}: {outcome.accepted} accepted, {outcome.duplicates} duplicates, "
        f"{outcome.attempts} attempts, {outcome.unknown} unknown; {sum(outcome.harms.values())} harms, "
        f"{outcome.kills} kills; {outcome.archived} archived, "
        f"{outcome.erased} erased; counted {outcome.counted_seconds:.1f} s after; {outcome.seconds:.1f} s: "
        f"{outcome.verdict}"
    )


def _explain(plan: Plan, verdict: Verdict, folder: Path) -> None:
    text = "\n".join(
        [
            f"again: make crash RUNS=1 SEED={plan.seed} DATABASE={plan.database}{' ERRANDS=1' * plan.with_errands}",
            f"began at migration {plan.revision}; harms:",
            *(f"  {harm}" for harm in plan.harms),
            *verdict.notes,
            *verdict.words,
        ]
    )
    (folder / "evidence.txt").write_text(text + "\n", encoding="utf-8")
    lines = text.splitlines()
    click.echo("\n".join(f"    {line}" for line in lines[: 2 + len(plan.harms) + WORDS_SHOWN]))
    click.echo(f"    all of it, and the logs: {folder}")


def summary(outcomes: Iterable[Outcome], seconds: float) -> str:
    """All runs in a few lines."""
    outcomes = list(outcomes)
    harms: Counter[str] = Counter()
    for outcome in outcomes:
        harms.update(outcome.harms)
    faults = {fault: sum(outcome.faults.get(fault, 0) for outcome in outcomes) for fault in FAULTS}
    counted = [outcome.counted_seconds for outcome in outcomes] or [0.0]
    failed = sum(not outcome.good for outcome in outcomes)
    lines = [
        f"{len(outcomes)} runs, {failed} failed; {_sum(outcomes, 'kills')} kills; {seconds:.0f} s",
        "harms: " + ", ".join(f"{kind} {count}" for kind, count in sorted(harms.items())),
        ", ".join(
            f"{_sum(outcomes, name)} {name}"
            for name in ("accepted", "duplicates", "attempts", "unknown", "archived", "erased")
        ),
        f"counted after {statistics.median(counted):.1f} s (median), {max(counted):.1f} s (max)",
        ", ".join(f"{count} {fault}" for fault, count in faults.items()),
    ]
    return "\n".join(lines)


def _sum(outcomes: Iterable[Outcome], name: str) -> int:
    return sum(getattr(outcome, name) for outcome in outcomes)
