"""The Celery application: `celery -A celery_app worker`, `celery -A celery_app flower`."""

from pulse_analytics.celery_app import celery

__all__ = ["celery"]
