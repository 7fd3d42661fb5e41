"""What a command of `pulse` writes to stderr, on a terminal and into a pipe."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Written(NamedTuple):
    """What a command wrote."""

    stdout: bytes
    stderr: bytes


def run(arguments: list[str], env: Mapping[str, str], *, terminal: bool) -> Written:
    """Run `pulse` with these arguments, and stderr a terminal or a pipe. Raises CalledProcessError."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    done = subprocess.run(
        [sys.executable, "-m", "pulse_analytics", *arguments],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    # Of a terminal whose other side is closed, nothing can be read; of a pipe, nothing more comes only then.
    if terminal:
        said = os.read(ours, 10_000)
        os.close(theirs)
    else:
        os.close(theirs)
        said = os.read(ours, 10_000)
    os.close(ours)
    return Written(done.stdout, said)
