"""Wake-ups from one thread of a process, at most one at a time, so that no request waits for the broker."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pulse_analytics.ingest.tasks import wake_worker

if TYPE_CHECKING:
    from collections.abc import Callable


_MOST = 2
"""The one under way may have been taken before the next event was accepted, so that one needs another."""


class Waker:
    """Publishes wake-ups, one after the other. What is asked for while one is under way is one more."""

    def __init__(self, publish: Callable[[], None]) -> None:
        self._publish = publish
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="wake-up")
        self._asked = 0
        """How many are not published yet."""

    def wake(self) -> None:
        """Have a wake-up published. Returns at once."""
        with self._lock:
            if self._asked < _MOST:
                self._asked += 1
                self._thread.submit(self._run)

    def join(self) -> None:
        """Wait until all that was asked for is published."""
        self._thread.submit(lambda: None).result()

    def _run(self) -> None:
        try:
            self._publish()
        finally:
            with self._lock:
                self._asked -= 1


waker = Waker(wake_worker)
"""This process's."""
