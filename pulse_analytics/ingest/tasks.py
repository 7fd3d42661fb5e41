"""The Celery task: when to run, what to retry. No logic: drain.py has it."""

from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING, Any

from celery import shared_task
from celery.utils.time import get_exponential_backoff_interval
from flask import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from pulse_analytics import config
from pulse_analytics.ingest.drain import drain
from pulse_analytics.ingest.epochs import begin_if_new
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.queueing import FORGET_TASK, count_waiting

if TYPE_CHECKING:
    from celery import Task

    from pulse_analytics.ingest.journal import Journal

log = logging.getLogger(__name__)

_EPOCH = "pulse_epoch_is_begun"


@shared_task(
    name="pulse_analytics.persist_events",  # Pinned: moving the module must not orphan queued wake-ups.
    bind=True,
    acks_late=True,
    reject_on_worker_lost=True,
    ignore_result=True,
    max_retries=config.RETRY_LIMIT,
)
def persist_events(self: Task[Any, Any]) -> None:
    """Record what waits in the journal. It takes no arguments: a wake-up says that something waits, not what."""
    journal = current_journal()
    _begin_epoch(journal)
    try:
        more = drain(journal, f"{socket.gethostname()}:{os.getpid()}", wake_worker)
    except (SQLAlchemyError, RedisError) as error:
        # These errors may be temporary, so retry. Any other error is a bug and fails loudly. The entries wait.
        countdown = _backoff_seconds(self.request.retries)
        if isinstance(error, SQLAlchemyError):
            # Without this, every event accepted meanwhile would start its own chain of retries.
            journal.hold_wakeup(countdown + config.WAKEUP_SECONDS)
        raise self.retry(exc=error, countdown=countdown) from error
    if more:
        wake_worker()


def wake_worker() -> None:
    """Publish a wake-up, which starts a run of `persist_events`, unless one already waits in the broker's queue.

    Bounded in time. A failure is only logged: the worker's timer is the safety net.
    """
    try:
        with persist_events.app.producer_or_acquire() as producer:
            if not count_waiting(producer):
                persist_events.apply_async(retry=False, producer=producer)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("Could not wake a worker; a worker's timer will find the events.", extra={"error": repr(error)})


def send_erasure(erasure_id: str) -> None:
    """Publish a run of this erasure (retention/forget_task.py, which the write path does not import).

    Bounded in time. A failure is only logged: the worker's timer is the safety net.
    """
    try:
        persist_events.app.send_task(FORGET_TASK, (erasure_id,), retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("Could not send an erasure; a worker's timer will.", extra={"error": repr(error)})


def _begin_epoch(journal: Journal) -> None:
    """Begin the epoch of a new database: once per process, before its first entry. If it fails, counting goes on."""
    if _EPOCH in current_app.extensions:
        return
    try:
        begin_if_new(journal)
    except (SQLAlchemyError, RedisError) as error:
        log.warning("Could not read the epoch.", extra={"error": repr(error)})
    else:
        current_app.extensions[_EPOCH] = True


def _backoff_seconds(retries: int) -> float:
    interval = get_exponential_backoff_interval(
        factor=config.RETRY_BACKOFF_SECONDS,
        retries=retries,
        maximum=config.RETRY_BACKOFF_MAX_SECONDS,
        full_jitter=True,
    )
    return max(interval, config.RETRY_BACKOFF_SECONDS)
