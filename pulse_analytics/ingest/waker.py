"""Wake-ups, published one at a time by a thread of the process, so that no request waits for the broker."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pulse_analytics.ingest.tasks import wake_worker

if TYPE_CHECKING:
    from collections.abc import Callable


_MOST = 2
"""At most one being published and one waiting. A worker may take the first before the next event is accepted, so that
event needs the second."""


class Waker:
    """Publishes wake-ups in turn. All that are requested while one is being published become one more."""

    def __init__(self, publish: Callable[[], None]) -> None:
        self._publish = publish
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="wake-up")
        self._asked = 0
        """How many wake-ups are requested and not published yet."""

    def wake(self) -> None:
        """Have a wake-up published. Returns at once."""
        with self._lock:
            if self._asked < _MOST:
                self._asked += 1
                self._thread.submit(self._run)

    def join(self) -> None:
        """Wait until all requested wake-ups are published."""
        self._thread.submit(lambda: None).result()

    def _run(self) -> None:
        try:
            self._publish()
        finally:
            with self._lock:
                self._asked -= 1


waker = Waker(wake_worker)
"""The waker of this process."""
