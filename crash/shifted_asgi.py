"""The ASGI application of the harness's web processes, on a clock that the harness sets.

The file at CRASH_CLOCK holds the shift of the clock in nanoseconds.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from pathlib import Path

OFFSET = struct.Struct("q")

_real_time_ns = time.time_ns


def _map(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), OFFSET.size, access=mmap.ACCESS_READ)


_offset = _map(Path(os.environ["CRASH_CLOCK"]))


def _shifted_time_ns() -> int:
    return _real_time_ns() + int(OFFSET.unpack(_offset[:])[0])


time.time_ns = _shifted_time_ns
time.time = lambda: _shifted_time_ns() / 1e9

from asgi import app  # noqa: E402, F401 - what it imports may ask for the time
