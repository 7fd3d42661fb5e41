"""Start a child that dies with its parent."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# What the child runs before it executes its command. `preexec_fn` would do the same, but is not safe in a parent with
# threads: Python 3.12 and newer warn about it. The order matters: a change of user would clear the death signal, and
# only a check after setting the signal notices a parent that died before.
_BECOME = """
import ctypes, os, sys
death_signal, parent, user, *command = sys.argv[1:]
if user:
    os.setuid(int(user))
ctypes.CDLL(None).prctl(1, int(death_signal))  # PR_SET_PDEATHSIG
if os.getppid() != int(parent):
    sys.exit(1)
os.execvp(command[0], command)
"""


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
    """Start `command` in a session of its own, with stdout and stderr going to `output`, as `user` if given.

    On Linux it gets `death_signal` when the calling thread ends, for whatever reason: call this from a thread that
    lives as long as the child should. A Ctrl-C in the terminal does not reach the child. Raises OSError if it cannot
    start.
    """
    if shutil.which(command[0], path=(os.environ if env is None else env).get("PATH", os.defpath)) is None:
        raise FileNotFoundError(errno.ENOENT, "There is no such program", command[0])
    become = [sys.executable, "-I", "-S", "-c", _BECOME, str(int(death_signal)), str(os.getpid()), f"{user or ''}"]
    linux = sys.platform == "linux"
    return subprocess.Popen(  # noqa: S603 - the command is ours
        [*become, *command] if linux else command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        pass_fds=pass_fds,
        user=None if linux else user,
    )
