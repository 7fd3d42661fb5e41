"""Redis and CORS, each configured in one place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from flask import current_app
from flask_cors import CORS
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pulse_analytics import config

if TYPE_CHECKING:
    from flask import Flask

    from pulse_analytics.config import Settings


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
