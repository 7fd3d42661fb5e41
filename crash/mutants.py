"""`python -m crash.mutants`: does the harness detect bugs? Runs it on trees broken on purpose until a run fails."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click

from crash.errand_mutations import ERRAND_MUTATIONS
from crash.mutations import MUTATIONS, Mutation
from crash.plan import DATABASES
from tests.servers.worker import ROOT

ALL = (*MUTATIONS, *ERRAND_MUTATIONS)

_RUN = re.compile(r"seed \d+ \w+: .*: (?P<verdict>[^:]+)$")


class Sighting(NamedTuple):
    """The result of one mutation on one database."""

    mutation: str
    database: str
    runs: int
    """How many runs were needed; if the mutation was detected, the last one failed."""
    seen: str
    """The verdict of the failed run; empty if none failed."""


def main() -> int:
    """Try each mutation on each database. Returns 1 if one was not detected."""
    options = _options()
    databases = DATABASES if options.database == "both" else (options.database,)
    sightings = []
    for database in databases:
        for mutation in ALL:
            if options.only in {None, mutation.name}:
                sightings.append(_look(mutation, database, options.runs, options.seed))
                if options.table:
                    options.table.write_text(table(sightings), encoding="utf-8")
    click.echo(table(sightings), nl=False)
    return int(not all(sighting.seen for sighting in sightings))


def table(sightings: list[Sighting]) -> str:
    """The sightings as Markdown."""
    lines = ["| Broken | Database | Seen in run | What was seen |", "|---|---|---|---|"]
    for name, database, runs, seen in sightings:
        lines.append(f"| {name} | {database} | {runs if seen else f'none of {runs}'} | {seen or 'nothing'} |")
    return "\n".join(lines) + "\n"


def copy_tree(folder: Path) -> None:
    """Copy this tree's tracked files, and its untracked ones that are not ignored, to `folder`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() or (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name, follow_symlinks=False)


def _look(mutation: Mutation, database: str, runs: int, seed: int) -> Sighting:
    click.echo(f"{mutation.name} on {database}")
    with tempfile.TemporaryDirectory(prefix="pulse-mutant-") as name:
        folder = Path(name)
        copy_tree(folder)
        mutation.apply(folder)
        return _run_harness(mutation, database, runs, seed, folder)


def _run_harness(mutation: Mutation, database: str, runs: int, seed: int, folder: Path) -> Sighting:
    command = [sys.executable, "-m", "crash", "--until-failure"]
    command += ["--runs", str(runs), "--seed", str(seed), "--database", database]
    command += ["--errands"] * mutation.errands
    done, verdict = 0, ""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as harness:
        for line in harness.stdout or ():
            click.echo(f"    {line}", nl=False)
            if match := _RUN.match(line):
                done, verdict = done + 1, match["verdict"].strip()
    # A harness that crashed has detected nothing. Exit code 0 is "no run failed", 1 "one failed", others are neither.
    if not done or harness.returncode != int(verdict != "good"):
        raise RuntimeError(f"The harness ended with {harness.returncode} after {done} runs, the last {verdict!r}.")
    return Sighting(mutation.name, database, done, "" if verdict == "good" else verdict)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m crash.mutants", description=__doc__)
    parser.add_argument("--only", choices=[mutation.name for mutation in ALL], help="this mutation alone")
    parser.add_argument("--runs", type=int, default=20, help="how many runs there may be until it is seen")
    parser.add_argument("--seed", type=int, default=1, help="the first run's")
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--table", type=Path, help="a file to write the table so far to")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
