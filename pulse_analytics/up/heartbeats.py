"""The heartbeats of the web processes: each touches a file of its own while its event loop turns.

They share one socket, so an HTTP probe reaches any of them, and says nothing about the others.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LATE_LOOKS = 50
"""A process whose file has not changed for so many looks hangs. Looks, not seconds: a machine that was frozen as a
whole has not looked either."""


class Heartbeats:
    """What the processes of one program write to `folder`, a file for each, named by its process id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unchanged: dict[int, tuple[int, int]] = {}
        """By process: when its file was last changed, and how often that was seen."""

    def hanging(self) -> list[int]:
        """Take a look. The processes that have not beaten for LATE_LOOKS; each is forgotten, and its file deleted."""
        seen = {}
        for file in self._folder.iterdir():
            with suppress(FileNotFoundError, ValueError):  # It ends, and takes its file along.
                pid, changed = int(file.name), file.stat().st_mtime_ns
                before, looks = self._unchanged.get(pid, (0, 0))
                seen[pid] = (changed, looks + 1 if changed == before else 1)
        late = [pid for pid, (_, looks) in seen.items() if looks > LATE_LOOKS]
        for pid in late:
            del seen[pid]
            (self._folder / str(pid)).unlink(missing_ok=True)
        self._unchanged = seen
        return late
