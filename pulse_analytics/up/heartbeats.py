"""The heartbeats of the web processes: each touches a file of its own while its event loop runs.

They share one socket, so an HTTP probe reaches any one of them and says nothing about the others.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LATE_LOOKS = 50
"""A process hangs if its file has not changed for this many looks. Looks and not seconds, because while the whole
machine is frozen nothing looks either."""


class Heartbeats:
    """The files that the processes of one program touch in `folder`, each named by its process id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unchanged: dict[int, tuple[int, int]] = {}
        """By process: when its file was last changed, and how many looks saw that same time."""

    def hanging(self) -> list[int]:
        """Look once. Returns the ids of processes without a heartbeat for LATE_LOOKS, and deletes their files."""
        seen = {}
        for file in self._folder.iterdir():
            with suppress(FileNotFoundError, ValueError):  # The process ends and deletes its file.
                pid, changed = int(file.name), file.stat().st_mtime_ns
                before, looks = self._unchanged.get(pid, (0, 0))
                seen[pid] = (changed, looks + 1 if changed == before else 1)
        late = [pid for pid, (_, looks) in seen.items() if looks > LATE_LOOKS]
        for pid in late:
            del seen[pid]
            (self._folder / str(pid)).unlink(missing_ok=True)
        self._unchanged = seen
        return late
