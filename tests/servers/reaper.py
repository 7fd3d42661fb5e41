"""Ends the servers of a test run that was killed, and removes their folders.

Run as a script, it is told on its standard input what exists. The pipe ends when the test run does, however it ends;
then whatever was not taken back is ended. It uses the standard library only, because it runs without site-packages.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_GRACE_SECONDS = 3.0


def keep_process(leader: int, death_signal: int = signal.SIGKILL) -> None:
    """If this test run dies: send `death_signal` to `leader` and all that it started, and SIGKILL 3 s later."""
    _tell(f"process {leader} {death_signal:d}")


def drop_process(leader: int) -> None:
    """Take back `keep_process`: nothing of it is left."""
    _tell(f"ended {leader}")


def keep_folder(folder: Path) -> None:
    """If this test run dies: remove `folder`, after the processes."""
    _tell(f"folder {folder}")


def members(leader: int) -> set[int]:
    """The living processes of `leader`'s group and session, and the descendants of these. A zombie is not alive."""
    table = _process_table()
    found = {pid for pid, process in table.items() if leader in {pid, process.group, process.session}}
    while children := {pid for pid, process in table.items() if process.parent in found} - found:
        found |= children
    return {pid for pid in found if table[pid].state not in "ZX"}


def state(pid: int) -> str:
    """The kernel's letter for `pid`: T stopped, Z ended but not yet waited for; X if there is no such process."""
    process = _read_process(pid)
    return process.state if process else "X"


def end(leader: int, known: Collection[int] = (), patience_seconds: float = 10.0) -> None:
    """SIGKILL `leader`, everything that it started and all `known`; return when nothing of it lives.

    Raises TimeoutError if something still lives after `patience_seconds`.
    """
    deadline = time.monotonic() + patience_seconds
    # PostgreSQL's backends have sessions of their own: once their parent is dead, only this set still knows them.
    doomed = members(leader).union(known)
    while alive := {pid for pid in doomed | members(leader) if state(pid) not in "ZX"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Processes {sorted(alive)} outlived SIGKILL.")
        doomed |= alive
        send(alive, signal.SIGKILL)
        time.sleep(0.005)


def send(pids: Iterable[int], number: int) -> None:
    """Send signal `number` to those of `pids` that still live."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


class _Process(NamedTuple):
    state: str
    parent: int
    group: int
    session: int


def _process_table() -> dict[int, _Process]:
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
    return {pid: process for pid in pids if (process := _read_process(pid))}


def _read_process(pid: int) -> _Process | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field, the command's name in parentheses, may hold anything, parentheses and spaces included.
    letter, parent, group, session = text.rpartition(")")[2].split()[:4]
    return _Process(letter, int(parent), int(group), int(session))


def _tell(line: str) -> None:
    stdin = _reaper().stdin
    if stdin is None:  # It was given a pipe.
        raise RuntimeError("The reaper has no standard input.")
    stdin.write(f"{line}\n".encode())


@functools.cache
def _reaper() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__],
        bufsize=0,
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A Ctrl-C, or a SIGKILL of the test run's whole group, must not reach it.
        start_new_session=True,
    )
    # Leaving the `with` of a Popen closes its pipe and waits for it.
    atexit.register(process.__exit__, None, None, None)
    return process


def _main() -> None:
    processes: dict[int, int] = {}
    folders: list[str] = []
    for line in sys.stdin:
        match line.rstrip("\n").split(" ", 1):
            case ["process", rest]:
                leader, number = rest.split()
                processes[int(leader)] = int(number)
            case ["ended", leader]:
                processes.pop(int(leader), None)
            case ["folder", folder]:
                folders.append(folder)
    _end_gently(processes)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _end_gently(processes: dict[int, int]) -> None:
    for leader, number in processes.items():
        send(members(leader), number)
    deadline = time.monotonic() + _GRACE_SECONDS
    while any(map(members, processes)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for leader in processes:
        with contextlib.suppress(TimeoutError):
            end(leader)


if __name__ == "__main__":
    _main()
