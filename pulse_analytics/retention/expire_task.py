"""The workers' own `pulse expire`: a pass a day, in short runs. Workers import this only with PULSE_RETENTION_DAYS.

Each run is a message, which holds the name of the pass and the event id where the run begins. The key EXPIRY holds the
name of the current pass, so that of all workers' passes one goes on. If a run is lost with its worker, the key expires
after EXPIRE_LEASE_SECONDS, and the next check of any worker's timer begins another pass.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from celery import shared_task
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from pulse_analytics import config
from pulse_analytics.config import current_settings
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.journal.keys import EXPIRY, JOURNAL
from pulse_analytics.ingest.tasks import wake_worker
from pulse_analytics.queueing import EXPIRE_TASK
from pulse_analytics.retention.archive import empty_wal, sweep
from pulse_analytics.retention.expire import received_before

if TYPE_CHECKING:
    from celery import Task

log = logging.getLogger(__name__)


@shared_task(name=EXPIRE_TASK, bind=True, acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def expire_events(self: Task[Any, Any], current: str | None = None, after: str | None = None) -> None:
    """Without arguments: begin a pass, if one is due. With them: go on with the pass `current`, after this event id."""
    name = current or cast("str", self.request.id)
    try:
        if current_journal().redis.xlen(JOURNAL):
            # While this message waited in the queue, others sent no wake-up.
            wake_worker()
        if not _hold(name, new=current is None):
            return
        rows = received_before(current_settings().retention_days)
        gone, after = sweep(rows, after, seconds=config.EXPIRE_RUN_SECONDS)
        if gone:
            log.info("Archived %d raw events.", gone)
        if after is not None:
            self.apply_async((name, after), retry=False)
            return
        empty_wal()
        current_journal().redis.set(EXPIRY, name, ex=config.EXPIRE_EVERY_SECONDS)
    except (SQLAlchemyError, RedisError, OperationalError, OSError) as error:
        log.warning("Could not archive raw events; a worker's timer tries again.", extra={"error": repr(error)})


def _hold(name: str, *, new: bool) -> bool:
    """Whether the pass of this name may go on. That two go on by a race is harmless, and ends with their next run."""
    redis = current_journal().redis
    if not new and redis.get(EXPIRY) != name:
        return False
    return bool(redis.set(EXPIRY, name, nx=new, ex=config.EXPIRE_LEASE_SECONDS))
