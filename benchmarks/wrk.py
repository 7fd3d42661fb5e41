"""wrk, if it is on the PATH: it uses half as much CPU as our own client."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.client import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.client import Load

_SCRIPT = Path(__file__).with_suffix(".lua")


def find() -> str | None:
    """The path of wrk, or None."""
    return shutil.which("wrk")


def send(program: str, load: Load) -> Callable[[], Outcome]:
    """Start wrk with single POSTs, or batches, for `load.seconds`. Returns a function that waits for the outcome.

    It sends reports from the load's first one on, as many as it can. If two run at once, the one that is waited for
    first gets its own `cpu_seconds`, the other one the sum of both.
    """
    reports = load.reports
    command = [program, "--threads", "1", "--connections", str(load.connections), "--duration", f"{load.seconds:.0f}s"]
    command += ["--timeout", "10s", "--latency", "--script", str(_SCRIPT), f"http://127.0.0.1:{load.port}/", "--"]
    command += map(str, (reports["first"], reports["videos"], reports["now"], load.batch))
    before = _cpu_seconds()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - nothing of a user's

    def wait() -> Outcome:
        stdout, _ = process.communicate()
        assert process.returncode == 0, stdout
        said: dict[str, Any] = json.loads(stdout.splitlines()[-1])
        assert said["errors"] == 0, stdout
        return Outcome(
            requests=said["requests"],
            seconds=said["us"] / 1e6,
            p50_ms=said["p50"] / 1000,
            p99_ms=said["p99"] / 1000,
            cpu_seconds=_cpu_seconds() - before,
        )

    return wait


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
