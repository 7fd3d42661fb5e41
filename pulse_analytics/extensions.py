"""Redis, Celery and CORS, each configured in one place."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, Any, cast

from celery import Celery, Task
from flask import current_app
from flask_cors import CORS
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pulse_analytics import broker, config

if TYPE_CHECKING:
    from flask import Flask

    from pulse_analytics.config import Settings

PERSIST_QUEUE = "pulse.persist"
"""Celery's queue of wake-ups; in Redis, a list of that name."""


class PulseCelery(Celery):
    """A Celery app that knows its Flask app."""

    flask_app: Flask


def connect_redis(settings: Settings) -> Redis:
    """A client that gives up after one try of `redis_timeout_seconds`. Connects when it is first used.

    Bytes that are not UTF-8 come back as lone surrogates, so that a foreign entry can be read, and parked.
    """
    return Redis.from_url(
        settings.redis_url,
        decode_responses=True,
        encoding_errors="surrogateescape",
        protocol=2,
        socket_timeout=settings.redis_timeout_seconds,
        socket_connect_timeout=settings.redis_timeout_seconds,
        # redis-py's default of ten retries makes a dead server cost 26 s.
        retry=Retry(NoBackoff(), 0),
    )


def init_redis(app: Flask, settings: Settings) -> None:
    """Give `app` its Redis client. Does not connect."""
    app.extensions["pulse_redis"] = connect_redis(settings)


def current_redis() -> Redis:
    """The Redis client of the current application."""
    return cast("Redis", current_app.extensions["pulse_redis"])


def init_cors(app: Flask, settings: Settings) -> None:
    """Let players of the configured sites, and no others, post to `/analytics` and below."""
    if settings.cors_origins:
        CORS(
            app,
            resources={r"^/analytics(/|$)": {"origins": [_exactly(origin) for origin in settings.cors_origins]}},
            methods=["POST"],
            allow_headers=["Content-Type"],
            expose_headers=["Retry-After"],
            max_age=config.PREFLIGHT_SECONDS,
        )


def _exactly(origin: str) -> re.Pattern[str]:
    # Flask-Cors takes text that looks like a regular expression, such as http://[::1]:8000, for one.
    return re.compile(re.escape(origin) + r"\Z")


def init_celery(app: Flask, settings: Settings) -> PulseCelery:
    """Make the Celery app whose tasks run inside `app`'s context, and make it the current one for `@shared_task`."""

    class AppTask(Task[Any, Any]):
        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return self.run(*args, **kwargs)

    broker.install()
    celery = PulseCelery("pulse_analytics", task_cls=AppTask)
    celery.flask_app = app
    celery.conf.update(_celery_options(settings))
    celery.set_default()
    app.extensions["celery"] = celery
    return celery


def _celery_options(settings: Settings) -> dict[str, object]:
    tls = settings.redis_url.startswith("rediss://")
    return {
        "broker_url": settings.redis_url,
        # kombu's default for TLS is to believe any certificate.
        "broker_use_ssl": {"ssl_cert_reqs": ssl.CERT_REQUIRED} if tls else None,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "socket_timeout": settings.redis_timeout_seconds,
            "socket_connect_timeout": settings.redis_timeout_seconds,
            "health_check_interval": config.BROKER_CHECK_SECONDS,
            # A publish that finds no broker gives up at once: the worker's timer is the net.
            "max_retries": 0,
        },
        "task_default_queue": PERSIST_QUEUE,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_time_limit": config.RUN_LIMIT_SECONDS,
        "worker_prefetch_multiplier": 1,
        "worker_send_task_events": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }
