"""A circuit breaker: while a server hangs, one caller at a time finds out whether it still does; others are told so."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pulse_analytics import config
from pulse_analytics.errors import TryAgain

if TYPE_CHECKING:
    from collections.abc import Iterator


class Breaker:
    """Keeps the threads of a process from being used up by a server that does not answer.

    Only failures that came late trip it: whoever fails at once, because the server is stopped, holds nobody up.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._ask_again_at: float | None = None
        """None: it answers."""

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Run the body, which asks the server. Raises TryAgain instead, at once, while the server hangs."""
        started = time.monotonic()
        self._enter(started)
        try:
            yield
        except Exception:
            now = time.monotonic()
            hung = now - started >= config.BREAKER_LATE_SECONDS
            self._ask_again_at = now + config.BREAKER_PAUSE_SECONDS if hung else None
            raise
        self._ask_again_at = None

    def _enter(self, now: float) -> None:
        if self._ask_again_at is None:
            return
        with self._lock:
            if self._ask_again_at is not None:
                if now < self._ask_again_at:
                    raise TryAgain(f"{self._server} does not answer, and was not asked again.")
                # This caller asks. Should it never come back, another one may, in time.
                self._ask_again_at = now + config.BREAKER_PROBE_SECONDS
