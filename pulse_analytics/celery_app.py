"""The Celery application: `celery -A pulse_analytics.celery_app worker`; in a checkout, `-A celery_app` will do."""

from __future__ import annotations

from dataclasses import replace

from pulse_analytics.app import create_app
from pulse_analytics.config import WORKER_REDIS_TIMEOUT_SECONDS, Settings
from pulse_analytics.monitor import lock_flower

_settings = replace(Settings.load(), redis_timeout_seconds=WORKER_REDIS_TIMEOUT_SECONDS)

# Never name a Flask object `app` in here: Celery would take it as its own.
celery = create_app(_settings).extensions["celery"]

lock_flower(_settings)
