"""Helper processes beside the measuring one: each gets a job, prepares, starts on a signal, and returns the outcome.

The protocol, per job: a line of JSON on its stdin, a line on its stdout when it is ready, a line on stdin to start, and
a line of JSON with the outcome on stdout. The process ends when its stdin is closed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
_READY = "ready"


class PartnerFailed(Exception):
    """The partner ended or could not do its job. The reason is on its stderr."""


class Partner:
    """A process that runs `python -m module`, which calls `serve`."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - our own modules
            [sys.executable, "-m", self._module], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        # Close its pipes and wait for it.
        self._process.__exit__(None, None, None)

    def get_ready(self, job: dict[str, Any]) -> None:
        """Give it a job, and return when it is ready to start."""
        self._say(json.dumps(job))
        if self._hear() != _READY:
            raise PartnerFailed(self._module)

    def go(self) -> None:
        """Start the job."""
        self._say("go")

    def finish(self) -> dict[str, Any]:
        """Wait for the outcome."""
        outcome: dict[str, Any] = json.loads(self._hear())
        return outcome

    def _say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise PartnerFailed(self._module)
        return line.rstrip("\n")


def serve(prepare: Callable[[dict[str, Any]], Callable[[], dict[str, Any]]]) -> None:
    """Run as a partner: `prepare` prepares a job, and the function that it returns does the job."""
    for line in sys.stdin:
        work = prepare(json.loads(line))
        sys.stdout.write(_READY + "\n")
        sys.stdout.flush()
        sys.stdin.readline()
        sys.stdout.write(json.dumps(work()) + "\n")
        sys.stdout.flush()
