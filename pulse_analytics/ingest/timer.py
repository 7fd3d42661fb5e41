"""The worker's own timer, the safety net: events are counted even if no wake-up ever arrives."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from celery import bootsteps
from redis.exceptions import RedisError

from pulse_analytics import config
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.tasks import wake_worker
from pulse_analytics.sparse_log import SparseLog

if TYPE_CHECKING:
    from celery.worker import WorkController

    from pulse_analytics.ingest.journal.figures import Memory
    from pulse_analytics.queueing import PulseCelery

log = logging.getLogger(__name__)


class JournalTimer(bootsteps.StartStopStep):
    """Looks, at the worker's start and every TIMER_SECONDS, whether something waits that nobody was woken for.

    As often it looks at Redis' memory, so that evictions are counted and a full Redis is in the log.
    Every CONSUMER_IDLE_SECONDS it also takes consumers that are gone off the journal's group.
    """

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: WorkController, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._flask_app = cast("PulseCelery", parent.app).flask_app
        self._entries: list[Any] = []
        self._sparse_log = SparseLog(log, config.MEMORY_LOG_SECONDS)
        self._evicted = 0

    def start(self, parent: WorkController) -> None:
        """Begin to look."""
        timer = cast("Any", parent.timer)  # The worker's Timer step, which ours requires, has set it.
        self._entries = [
            timer.call_after(0, self._wake),
            timer.call_repeatedly(config.TIMER_SECONDS, self._wake),
            timer.call_repeatedly(config.CONSUMER_IDLE_SECONDS, self._prune),
        ]

    def stop(self, parent: WorkController) -> None:  # noqa: ARG002 - Celery's signature
        """Look no more."""
        for entry in self._entries:
            entry.cancel()

    def _wake(self) -> None:
        with self._flask_app.app_context():
            journal = current_journal()
            try:
                if journal.must_wake():
                    wake_worker()
                self._warn_of(journal.memory())
            except RedisError as error:
                log.warning("Could not look into the journal.", extra={"error": repr(error)})

    def _warn_of(self, memory: Memory | None) -> None:
        if memory is None:
            return
        if memory.evicted > self._evicted:
            self._sparse_log.warning("Redis is full and evicts keys: raise maxmemory. `pulse audit` says how many.")
        if memory.is_nearly_full:
            self._sparse_log.warning("Redis uses more than 80 % of its maxmemory.")
        self._evicted = memory.evicted

    def _prune(self) -> None:
        with self._flask_app.app_context():
            try:
                current_journal().prune_consumers()
            except RedisError as error:
                log.warning("Could not prune the journal's consumers.", extra={"error": repr(error)})
