"""The Celery application of a worker that archives four raw events in each run, and checks often whether it is due."""

from __future__ import annotations

from pulse_analytics import config
from pulse_analytics.celery_app import celery

__all__ = ["celery"]

config.ARCHIVE_SIZE = 4
config.EXPIRE_RUN_SECONDS = 0.0
config.EXPIRE_CHECK_SECONDS = 0.3
config.EXPIRE_LEASE_SECONDS = 2
