"""The Celery application of a worker that finds a run stuck in its pool after a second."""

from __future__ import annotations

from pulse_analytics import config
from pulse_analytics.celery_app import celery

__all__ = ["celery"]

config.RUN_STUCK_SECONDS = 1.0
