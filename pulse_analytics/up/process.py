"""Start a child that dies with its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def spawn(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[bytes] | int | None = None,
    pass_fds: Sequence[int] = (),
    user: int | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, both its outputs going to `output`.

    On Linux it is sent `death_signal` when the thread that called this ends, however it ends: call it from a thread
    that lives as long as the child should. A Ctrl-C in the terminal does not reach it. Raises OSError if it cannot
    start.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        if _libc is not None:
            # Ours would swallow the signal if it came before the child's own program runs.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _libc.prctl(_PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:  # The parent died before the line above.
                os._exit(1)

    return subprocess.Popen(  # noqa: S603 - the command is ours
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        pass_fds=pass_fds,
        user=user,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - it makes two system calls
    )
