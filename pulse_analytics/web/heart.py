"""What the web processes of `pulse up` know of each other: who lives, and whose turn it is to accept connections.

On few cores one process accepts all connections while its heart beats, and the other is its spare: started, and waiting
for its turn. Two that share two cores with Redis push each other off them, and each call of Redis is shared by half as
many requests (docs/decisions/0006-a-spare-process.md). They have one listening socket: what arrives while the first
hangs waits there for the spare.
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
"""As long as a process id is in the file, however short it is."""


class Heart:
    """The heart of one process. Its file in `folder` is named by its process id, and changes while the loop turns."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / str(os.getpid())
        self._turn = os.open(folder.with_name("accepting"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        """Locked by the process whose turn it is, and its id is in it. The kernel unlocks it when that ends."""

    async def beat(self) -> None:
        """Beat until cancelled."""
        try:
            while True:
                self._file.touch()
                # A spare that did not wait any longer gets its turn in the end.
                self._take_turn()
                await asyncio.sleep(config.HEARTBEAT_SECONDS)
        finally:
            self._file.unlink(missing_ok=True)

    async def wait_for_turn(self) -> None:
        """Return when this process has to accept connections, or to end."""
        self._file.touch()  # Whoever has the turn must not seem late before its `beat` begins.
        with _ending() as is_ending:
            while not self._take_turn():
                await asyncio.sleep(config.HEARTBEAT_SECONDS)
                if self._other_is_late() or is_ending():
                    break

    def _take_turn(self) -> bool:
        """Whether it is this process's turn, from now on until it ends."""
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
        except FileNotFoundError:  # It ends, or is killed because it hangs.
            return True
        return time.time() - changed > config.HEARTBEAT_LATE_SECONDS


@contextmanager
def _ending() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM or SIGINT came meanwhile. uvicorn is told as well; but it waits for our start before it looks."""
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
