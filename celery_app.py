"""The Celery application: `celery -A celery_app worker`, `celery -A celery_app flower`."""

from dataclasses import replace

from pulse_analytics.app import create_app
from pulse_analytics.config import WORKER_REDIS_TIMEOUT_SECONDS, Settings

# Never name a Flask object `app` in here: Celery would take it as its own.
celery = create_app(replace(Settings.load(), redis_timeout_seconds=WORKER_REDIS_TIMEOUT_SECONDS)).extensions["celery"]
