"""The worker's own timer, the safety net: events are counted even if no wake-up ever arrives."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from celery import bootsteps
from celery.worker.state import reserved_requests
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from pulse_analytics import config
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.tasks import send_erasure, wake_worker
from pulse_analytics.queueing import EXPIRE_TASK
from pulse_analytics.sparse_log import SparseLog

if TYPE_CHECKING:
    from celery.worker import WorkController
    from celery.worker.request import Request

    from pulse_analytics.ingest.journal.figures import Memory
    from pulse_analytics.queueing import PulseCelery

log = logging.getLogger(__name__)


class JournalTimer(bootsteps.StartStopStep):
    """Checks, at the worker's start and every TIMER_SECONDS, whether entries wait for which no worker was woken.

    At the same times it sends the worker's heartbeat and checks Redis' memory, so that evictions are counted and a full
    Redis is logged, and sends erasures again that were interrupted: Redis holds their ids, so without any it asks for
    one key. Every CONSUMER_IDLE_SECONDS it removes consumers that are gone from the journal's group. With
    PULSE_RETENTION_DAYS it sends, at the start and every EXPIRE_CHECK_SECONDS, the task that checks whether raw events
    are to be archived.
    """

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: WorkController, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._celery = cast("PulseCelery", parent.app)
        self._flask_app = self._celery.flask_app
        self._entries: list[Any] = []
        self._sparse_log = SparseLog(log, config.MEMORY_LOG_SECONDS)
        self._evicted = 0
        self._runs = RunsInPool()

    def start(self, parent: WorkController) -> None:
        """Start the timer's calls."""
        timer = cast("Any", parent.timer)  # The worker's Timer step, which this one requires, has set it.
        node = cast("Any", parent).hostname
        self._entries = [
            timer.call_after(0, self._wake),
            timer.call_after(0, self._beat, (node,)),
            timer.call_repeatedly(config.TIMER_SECONDS, self._wake),
            timer.call_repeatedly(config.TIMER_SECONDS, self._beat, (node,)),
            timer.call_repeatedly(config.CONSUMER_IDLE_SECONDS, self._prune),
        ]
        if self._flask_app.extensions["pulse_settings"].retention_days:
            self._entries += [
                timer.call_after(0, self._expire),
                timer.call_repeatedly(config.EXPIRE_CHECK_SECONDS, self._expire),
            ]

    def stop(self, parent: WorkController) -> None:  # noqa: ARG002 - Celery's signature
        """Stop the timer's calls."""
        for entry in self._entries:
            entry.cancel()

    def _wake(self) -> None:
        with self._flask_app.app_context():
            journal = current_journal()
            try:
                if journal.must_wake():
                    wake_worker()
                if stalled := journal.traces.stalled_erasure():
                    send_erasure(stalled)
                self._warn_of(journal.memory())
            except RedisError as error:
                log.warning("Could not read the journal.", extra={"error": repr(error)})

    def _warn_of(self, memory: Memory | None) -> None:
        if memory is None:
            return
        if memory.evicted > self._evicted:
            self._sparse_log.warning("Redis is full and evicts keys: raise maxmemory. `pulse audit` says how many.")
        if memory.is_nearly_full:
            self._sparse_log.warning("Redis uses more than 80 % of its maxmemory.")
        self._evicted = memory.evicted

    def _beat(self, node: str) -> None:
        if self._runs.are_stuck():
            log.error("A pool process does not end its run: this worker stops its heartbeat.")
            return
        with self._flask_app.app_context():
            try:
                current_journal().beat(node)
            except RedisError as error:
                log.warning("Could not write this worker's heartbeat.", extra={"error": repr(error)})

    def _prune(self) -> None:
        with self._flask_app.app_context():
            try:
                current_journal().prune_consumers()
            except RedisError as error:
                log.warning("Could not prune the journal's consumers.", extra={"error": repr(error)})

    def _expire(self) -> None:
        try:
            self._celery.send_task(EXPIRE_TASK, retry=False)
        except (OperationalError, RedisError, OSError) as error:
            log.warning("Could not check for raw events to archive.", extra={"error": repr(error)})


class RunsInPool:
    """The runs that the worker gave to its pool, and since when they have been there.

    Celery's own time limit starts when a process begins its run, so it never ends a process that hangs before that.
    """

    def __init__(self) -> None:
        self._since: WeakKeyDictionary[Request, float] = WeakKeyDictionary()

    def are_stuck(self) -> bool:
        """Note new runs, and return whether any run has been in the pool for RUN_STUCK_SECONDS."""
        now = time.monotonic()
        since = [self._since.setdefault(request, now) for request in list(reserved_requests)]
        return any(now - began > config.RUN_STUCK_SECONDS for began in since)
