"""One process of the stack, which is restarted when it ends, as `pulse up` or systemd would do."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from tests.servers import reaper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.servers.local_process import LocalProcess

RESTART_SECONDS = 0.5
"""How long an ended process stays down before it is restarted."""
GRACE_SECONDS = 6.5
"""How long it may take to end after SIGTERM, as in `pulse up`."""


class Part:
    """A process and its descendants. Call `supervise` often."""

    def __init__(
        self,
        name: str,
        process: LocalProcess,
        is_ready: Callable[[], bool],
        *,
        urgent_signal: int = signal.SIGKILL,
        urgent_after_seconds: float = GRACE_SECONDS,
        outlived: bool = False,
    ) -> None:
        """`urgent_signal` is sent if SIGTERM does not end the process in time. `outlived`: its children would outlive
        it as orphans that nothing ends, so `kill` kills them together with it."""
        self.name = name
        self.process = process
        self.starts = 0
        self._is_ready = is_ready
        self._urgent_signal = urgent_signal
        self._urgent_after_seconds = urgent_after_seconds
        self._outlived = outlived
        self._due: float | None = None
        self._urgent_at: float | None = None

    def start(self) -> None:
        """Start the process."""
        self._due = self._urgent_at = None
        self.starts += 1
        self.process.start()

    def is_ready(self) -> bool:
        """Whether it runs and its readiness probe succeeds."""
        return self.runs() and self._is_ready()

    def runs(self) -> bool:
        """Whether it is alive and not frozen."""
        return self.process.status == "running"

    def supervise(self) -> None:
        """Reap the process if it ended, restart it when due, and send the urgent signal if SIGTERM did not end it."""
        now = time.monotonic()
        if self.process.status == "exited":
            if self._due is None:
                self.process.remove()
                self._due = now + RESTART_SECONDS
            elif now >= self._due:
                self.start()
        elif self._urgent_at is not None and now >= self._urgent_at:
            self._urgent_at = None
            self.process.kill(self._urgent_signal)

    def kill(self) -> None:
        """SIGKILL the main process. `supervise` then ends what is left of the others."""
        if self._outlived:
            self.process.kill()
        else:
            self.process.kill_main()

    def terminate(self) -> None:
        """Send SIGTERM, unless that is done already."""
        if self._urgent_at is None and self.process.status != "exited":
            self.process.kill_main(signal.SIGTERM)
            self._urgent_at = time.monotonic() + self._urgent_after_seconds

    def children(self) -> list[int]:
        """The processes that the main one started, oldest first."""
        return sorted(reaper.members(self.process.pid) - {self.process.pid}) if self.starts else []

    def remove(self) -> None:
        """End the process and its descendants, for good."""
        self.process.remove()


def revive(parts: Sequence[Part], wait_until: Callable[[Callable[[], object], float], bool], seconds: float) -> None:
    """Wait until these are ready. After `seconds`, kill those that are not, as an operator would, and wait again."""
    # After a full disk, PostgreSQL 18's recovery may log FATAL and hang even when there is room again.
    if not wait_until(lambda: all(part.is_ready() for part in parts), seconds):
        for part in parts:
            if not part.is_ready():
                part.kill()
        wait_until(lambda: all(part.is_ready() for part in parts), seconds)
