"""When the next reports may go out."""

from __future__ import annotations

import threading
import time

CATCH_UP_SECONDS = 1.0
"""After the server stalls, make up for at most this much, instead of flooding it with everything that was held up."""


class Pace:
    """Limits the threads that share it to `rate` reports per second on average; 0 means no limit."""

    def __init__(self, rate: float, stop: threading.Event) -> None:
        self._rate = rate
        self._stop = stop
        self._lock = threading.Lock()
        self._due = time.monotonic()

    def wait(self, reports: int, *, burst: bool) -> None:
        """Return when `reports` more may be sent, or when the run is stopped.

        A burst never waits; the callers after it wait longer instead.
        """
        if not self._rate:
            return
        now = time.monotonic()
        with self._lock:
            due = max(self._due, now - CATCH_UP_SECONDS)
            self._due = due + reports / self._rate
        if due > now and not burst:
            self._stop.wait(due - now)
