"""Coordinates the web processes of `pulse up`: which are alive, and which one accepts connections.

On few cores, one process accepts all connections while its heart beats. The other is its spare: started, and waiting
for its turn. Two active processes that share two cores with Redis would preempt each other, and each Redis call would
be shared by half as many requests (docs/decisions/0006-a-spare-process.md). They share one listening socket, so
connections that arrive while the first process hangs wait there for the spare.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pulse_analytics import config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType


_ID_BYTES = 10
"""The width to which a process id is padded in the file."""


class Heart:
    """The heartbeat of one process: touches a file in `folder`, named by the process id, while the loop runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / str(os.getpid())
        self._turn = os.open(folder.with_name("accepting"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        """Locked by the process whose turn it is, and holds its id. The kernel unlocks it when that process ends."""

    async def beat(self) -> None:
        """Beat until cancelled."""
        try:
            while True:
                self._file.touch()
                # A spare that stopped waiting because the other was late takes the turn once the other has ended.
                self._take_turn()
                await asyncio.sleep(config.HEARTBEAT_SECONDS)
        finally:
            self._file.unlink(missing_ok=True)

    async def wait_for_turn(self) -> None:
        """Return when this process must accept connections, or must end."""
        self._file.touch()  # A process that takes the turn must not seem late before its first `beat`.
        with _ending() as is_ending:
            while not self._take_turn():
                await asyncio.sleep(config.HEARTBEAT_SECONDS)
                if self._other_is_late() or is_ending():
                    break

    def _take_turn(self) -> bool:
        """Take the turn if it is free. Returns whether this process has it, which it then keeps until it ends."""
        try:
            fcntl.flock(self._turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        os.pwrite(self._turn, b"%*d" % (_ID_BYTES, os.getpid()), 0)
        return True

    def _other_is_late(self) -> bool:
        name = os.pread(self._turn, _ID_BYTES, 0).decode().strip()
        try:
            changed = (self._folder / name).stat().st_mtime
        except FileNotFoundError:  # The other has ended, or was killed because it hung.
            return True
        return time.time() - changed > config.HEARTBEAT_LATE_SECONDS


@contextmanager
def _ending() -> Iterator[Callable[[], bool]]:
    """Yields a function that says whether SIGTERM or SIGINT arrived. uvicorn gets the signal, too, but does not act on
    it before this application has started."""
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if callable(handler := before[signal.Signals(number)]):
            handler(number, frame)

    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
