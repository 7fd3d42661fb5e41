"""`python -m crash`: run the crash harness."""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

import click

from crash.disk import have_own_mounts
from crash.plan import DATABASES
from crash.series import Progress, run_series, summary
from tests.servers.worker import ROOT


def main() -> int:
    """Run the harness. Returns 1 if any run failed."""
    options = _options()
    can_fill = have_own_mounts()
    if not can_fill:
        click.echo("Not root: no disk is filled.")
    databases = DATABASES if options.database == "both" else (options.database,)
    seed = random.randrange(1, 10**6) if options.seed is None else options.seed
    command = f"make crash RUNS={options.runs} SEED={seed} DATABASE={options.database}"
    command += " ERRANDS=1" * options.errands
    click.echo(f"{command}  (again after an interruption: goes on)")
    started, outcomes = time.monotonic(), []
    try:
        for database in databases:
            progress = Progress(options.progress, database, seed, errands=options.errands)
            outcomes += run_series(
                database,
                seed,
                options.runs,
                progress,
                can_fill=can_fill,
                until_failure=options.until_failure,
                errands=options.errands,
            )
    except KeyboardInterrupt:
        click.echo(f"Interrupted. Go on with: {command}")
        return 130
    click.echo(summary(outcomes, time.monotonic() - started))
    return int(any(not outcome.good for outcome in outcomes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m crash", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, help="the first run's; run k has the seed S+k. Left out: a fresh one")
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument(
        "--progress", type=Path, default=ROOT / "var" / "crash", help="where finished runs are noted until all are"
    )
    parser.add_argument("--errands", action="store_true", help="operators expire events and forget users meanwhile")
    parser.add_argument("--until-failure", action="store_true", help="stop at the first failing run")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
