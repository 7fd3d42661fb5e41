"""A circuit breaker: while a server hangs, one caller at a time probes it; the others fail fast."""

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
    """Keeps a server that does not answer from using up all threads of a process.

    Only slow failures trip it. A call that fails at once, because the server is stopped, blocks no thread.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._ask_again_at: float | None = None
        """None while the server answers."""

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Run the body, which calls the server. While the server hangs, raise TryAgain at once instead."""
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
                    raise TryAgain(f"{self._server} does not answer; this request was not sent to it.")
                # This caller probes. If it never returns, another may probe after BREAKER_PROBE_SECONDS.
                self._ask_again_at = now + config.BREAKER_PROBE_SECONDS
