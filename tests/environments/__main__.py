"""`python -m tests.environments`: try the project in each environment that operators run, and print a table."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tests.environments.catalogue import ENVIRONMENTS
from tests.environments.trial import Outcome, try_out
from tests.servers import reaper

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADS = ("Environment", "Versions", "Accepted", "Counted", "Killed", "Audit", "Verdict")


def main() -> int:
    """Run the environments. Returns 1 if any failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.environments", description=__doc__)
    parser.add_argument("--only", default="", help="environments whose name holds this")
    only = parser.parse_args().only
    outcomes = [run(name) for name in ENVIRONMENTS if only in name]
    click.echo(f"\n{table(outcomes)}")
    return exit_code(outcomes)


def run(name: str) -> Outcome:
    """Run one environment. If it fails, its folder stays."""
    folder = Path(tempfile.mkdtemp(prefix="pulse-environments-"))
    reaper.keep_folder(folder)
    folder.chmod(0o711)  # PgBouncer's user must get through.
    began = time.monotonic()
    try:
        outcome = try_out(name, ENVIRONMENTS[name], folder)
    except Exception as error:  # noqa: BLE001 - the others are tried as well
        outcome = Outcome(name, faults=(f"{type(error).__name__}: {error}",))
    click.echo(f"{name}: {outcome.verdict} ({time.monotonic() - began:.0f} s)")
    if outcome.faults:
        kept = shutil.copytree(folder, f"{folder}-logs", ignore_dangling_symlinks=True)
        click.echo(f"    all logs: {kept}")
    shutil.rmtree(folder)
    return outcome


def table(outcomes: Sequence[Outcome]) -> str:
    """All rows, as Markdown."""
    lines = [HEADS, tuple("---" for _ in HEADS)]
    for each in outcomes:
        sums = (" + ".join(f"{number:,}" for number in numbers) for numbers in (each.accepted, each.counted))
        lines.append((each.name, each.versions, *sums, each.killed, each.audit, each.verdict))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """1 if any environment failed; those that were left out have not failed."""
    return int(any(outcome.faults for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
