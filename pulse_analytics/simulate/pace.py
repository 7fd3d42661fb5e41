"""When the next reports may go out."""

from __future__ import annotations

import threading
import time

CATCH_UP_SECONDS = 1.0
"""After a stall of the server the pace makes up for this much, and does not flood it with all that it missed."""


class Pace:
    """Holds the threads that share it to `rate` reports per second on average; 0 holds nobody."""

    def __init__(self, rate: float, stop: threading.Event) -> None:
        self._rate = rate
        self._stop = stop
        self._lock = threading.Lock()
        self._due = time.monotonic()

    def wait(self, reports: int, *, burst: bool) -> None:
        """Return when `reports` more may be sent, or when the run is stopped.

        A burst never waits; those who come after it pay for it.
        """
        if not self._rate:
            return
        now = time.monotonic()
        with self._lock:
            due = max(self._due, now - CATCH_UP_SECONDS)
            self._due = due + reports / self._rate
        if due > now and not burst:
            self._stop.wait(due - now)
