"""The Celery task of an erasure that was requested over HTTP. A message holds the erasure's id, never the user's.

A run ends after RUN_BUDGET_SECONDS and sends the next one. If a message or a worker is lost, the timer of any worker
sends another run: it looks into Redis only, which holds the ids of unfinished erasures (`Traces.stalled_erasure`).
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from celery import shared_task
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from pulse_analytics import config
from pulse_analytics.database import db
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.queueing import FORGET_TASK
from pulse_analytics.retention.forget import Place, go_on
from pulse_analytics.retention.receipts import find_erasure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celery import Task

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1
"""When the next run follows one that found reports that a worker has to record first."""


@shared_task(name=FORGET_TASK, bind=True, acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def forget_user(self: Task[Any, Any], erasure_id: str, place: Sequence[Any] = ()) -> None:
    """Go on with an erasure, and send the next run unless it is finished. Without a `place` it begins at the start."""
    try:
        current_journal().traces.hold_erasures()
        after = _run(erasure_id, Place(*place))
        if after is not None:
            countdown = _PAUSE_SECONDS if after.left else 0
            self.apply_async((erasure_id, after._replace(left=0)), countdown=countdown, retry=False)
    except (SQLAlchemyError, RedisError, OperationalError, OSError) as error:
        cause = getattr(error, "orig", None) or error  # The statement's parameters would name the user.
        log.warning("The erasure %s was interrupted; a timer sends it again: %r", erasure_id, cause)


def _run(erasure_id: str, place: Place) -> Place | None:
    """Go on for RUN_BUDGET_SECONDS, or until it has to wait. Returns where to go on; None: it is finished."""
    until = time.monotonic() + config.RUN_BUDGET_SECONDS
    with db.engine.connect() as connection:
        erasure = find_erasure(connection, erasure_id)
    if erasure is None or erasure.finished_at:
        current_journal().traces.end_erasure(erasure_id)
        return None
    after: Place | None = place
    while after is not None and time.monotonic() < until:
        after = go_on(erasure, after)
        if after is not None and after.left:
            break
    return after
