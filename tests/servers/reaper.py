"""Ends the servers of a killed test run, and removes their folders.

It also runs as a script that reads on its stdin which processes and folders exist. The pipe is closed when the test run
ends, for whatever reason; then the script ends whatever was not dropped. It uses the standard library only, because it
runs without site-packages.
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
    """If this test run dies, send `death_signal` to `leader` and its descendants, and SIGKILL 3 s later."""
    _tell(f"process {leader} {death_signal:d}")


def drop_process(leader: int) -> None:
    """Undo `keep_process`, once none of its processes is left."""
    _tell(f"ended {leader}")


def keep_folder(folder: Path) -> None:
    """If this test run dies, remove `folder` after its processes have ended."""
    _tell(f"folder {folder}")


def members(leader: int) -> set[int]:
    """The live processes of `leader`'s group and session, and their descendants, without zombies."""
    table = _process_table()
    found = {pid for pid, process in table.items() if leader in {pid, process.group, process.session}}
    while children := {pid for pid, process in table.items() if process.parent in found} - found:
        found |= children
    return {pid for pid in found if table[pid].state not in "ZX"}


def state(pid: int) -> str:
    """The kernel's letter for the state of `pid`: T for stopped, Z for a zombie; X if there is no such process."""
    process = _read_process(pid)
    return process.state if process else "X"


def end(leader: int, known: Collection[int] = (), patience_seconds: float = 10.0) -> None:
    """SIGKILL `leader`, its descendants and all `known`; return when none is alive.

    Raises TimeoutError if one is still alive after `patience_seconds`.
    """
    deadline = time.monotonic() + patience_seconds
    # PostgreSQL's backends have their own sessions: once their parent is dead, they are found only through this set.
    doomed = members(leader).union(known)
    while alive := {pid for pid in doomed | members(leader) if state(pid) not in "ZX"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Processes {sorted(alive)} outlived SIGKILL.")
        doomed |= alive
        send(alive, signal.SIGKILL)
        time.sleep(0.005)


def send(pids: Iterable[int], number: int) -> None:
    """Send signal `number` to those of `pids` that are still alive."""
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
    # The second field, the process name in parentheses, may contain anything, even parentheses and spaces.
    letter, parent, group, session = text.rpartition(")")[2].split()[:4]
    return _Process(letter, int(parent), int(group), int(session))


def _tell(line: str) -> None:
    stdin = _reaper().stdin
    if stdin is None:  # For mypy: it was created with a pipe.
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
        # A Ctrl-C or a SIGKILL to the test run's process group must not reach it.
        start_new_session=True,
    )
    # Popen's __exit__ closes its pipe and waits for it.
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
