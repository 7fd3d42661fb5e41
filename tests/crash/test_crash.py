"""Short runs of the harness with fixed seeds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crash.once import Outcome
from crash.plan import DATABASES
from crash.series import Progress, summary
from tests.servers.worker import ROOT
from tests.up.conftest import HEEDING_SIGNALS

pytestmark = pytest.mark.timeout(240)


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    """Start the harness. Its processes can be recognized by their TMPDIR."""
    # Without coverage, which would slow down what the harness times.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [*HEEDING_SIGNALS, sys.executable, "-m", "crash", "--progress", str(folder / "progress"), *options]
    return subprocess.Popen(command, cwd=ROOT, env={**env, "TMPDIR": str(folder)}, stdout=subprocess.PIPE, text=True)


def left_behind(folder: Path) -> list[str]:
    """Processes of a harness that still run."""
    return [path.parent.name for path in Path("/proc").glob("[0-9]*/environ") if str(folder).encode() in _read(path)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # The process ended, or belongs to another user.
        return b""


@pytest.mark.nightly
@pytest.mark.stack
def test_nothing_is_lost_doubled_or_invented_on_postgresql(tmp_path: Path) -> None:
    with start(tmp_path, "--runs", "2", "--seed", "1", "--database", "postgresql") as harness:
        output, _ = harness.communicate()
    assert harness.returncode == 0, output
    assert "2 runs, 0 failed" in output
    assert left_behind(tmp_path) == []


@pytest.mark.nightly
@pytest.mark.stack
def test_nothing_is_lost_doubled_or_invented_on_sqlite_and_an_interrupted_harness_resumes(tmp_path: Path) -> None:
    options = ("--runs", "2", "--seed", "1", "--database", "sqlite")
    with start(tmp_path, *options) as harness:
        assert harness.stdout is not None
        assert any(line.startswith("seed 1 sqlite") for line in harness.stdout)
        harness.send_signal(signal.SIGINT)
        assert "Go on with: make crash RUNS=2 SEED=1 DATABASE=sqlite" in harness.stdout.read()
    assert harness.returncode == 130
    assert left_behind(tmp_path) == []
    with start(tmp_path, *options) as harness:
        output, _ = harness.communicate()
    assert harness.returncode == 0, output
    assert "1 of 2 runs on sqlite were done before" in output
    assert "2 runs, 0 failed" in output


@pytest.mark.nightly
@pytest.mark.stack
@pytest.mark.parametrize("database", DATABASES)
def test_nothing_is_lost_doubled_or_left_while_raw_events_expire_and_users_are_forgotten(
    tmp_path: Path, database: str
) -> None:
    with start(tmp_path, "--errands", "--runs", "2", "--seed", "1", "--database", database) as harness:
        output, _ = harness.communicate()
    assert harness.returncode == 0, output
    assert "2 runs, 0 failed" in output
    assert left_behind(tmp_path) == []


def outcome(seed: int, **changes: int) -> Outcome:
    return Outcome(seed=seed, database="sqlite", verdict="", harms={"kill": 2}, accepted=100, faults=changes)


def test_progress_survives_a_harness_that_is_killed_while_it_writes(tmp_path: Path) -> None:
    progress = Progress(tmp_path, "sqlite", 7)
    progress.add(outcome(7))
    with (tmp_path / "sqlite-7.jsonl").open("a") as file:
        file.write('{"seed": 8, "harms": {"kill": 2')
    assert progress.read() == [outcome(7)]


def test_progress_is_forgotten_after_the_last_run(tmp_path: Path) -> None:
    progress = Progress(tmp_path, "sqlite", 7)
    progress.add(outcome(7))
    progress.finish()
    assert progress.read() == []


def test_a_summary_sums_all_runs() -> None:
    text = summary([outcome(7), outcome(8, lost=3)], 20)
    assert "2 runs, 1 failed" in text
    assert "kill 4" in text
    assert "200 accepted" in text
    assert "3 lost, 0 double, 0 phantom" in text
