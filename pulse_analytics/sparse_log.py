"""A log that stays readable while the same failure happens thousands of times."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import logging


class _Seen(NamedTuple):
    logged_at: float
    more: int
    """How often it has happened since."""


class SparseLog:
    """Logs a warning for each cause at most once per `seconds`, with the number of times it happened in between.

    Anybody can invent causes, so it logs the first 100 in that time only, and then the number of others.
    """

    _MOST_CAUSES = 100

    def __init__(self, log: logging.Logger, seconds: float) -> None:
        self._log = log
        self._seconds = seconds
        self._lock = threading.Lock()
        self._seen: dict[str, _Seen] = {}
        self._left_out = 0

    def warning(self, cause: str) -> None:
        """Log that `cause` happened, or only count it if it was logged less than `seconds` ago."""
        now = time.monotonic()
        with self._lock:
            seen = self._seen.get(cause)
            if seen is not None and now - seen.logged_at < self._seconds:
                self._seen[cause] = _Seen(seen.logged_at, seen.more + 1)
                return
            if len(self._seen) >= self._MOST_CAUSES:
                self._seen = {name: last for name, last in self._seen.items() if now - last.logged_at < self._seconds}
            if len(self._seen) >= self._MOST_CAUSES:
                self._left_out += 1
                return
            self._seen[cause] = _Seen(now, 0)
            left_out, self._left_out = self._left_out, 0
        more = f" ({seen.more} times more since the last such line)" if seen is not None and seen.more else ""
        others = f" ({left_out} lines of other causes left out before)" if left_out else ""
        self._log.warning("%s%s%s", cause, more, others)
