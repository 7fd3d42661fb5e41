"""The Celery application of a worker of an earlier version, which does not know the last event type."""

from __future__ import annotations

from pulse_analytics.celery_app import celery
from pulse_analytics.events import EVENT_TYPES

__all__ = ["celery"]

EVENT_TYPES.popitem()
