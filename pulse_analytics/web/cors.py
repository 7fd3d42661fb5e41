"""CORS: which sites' players may post here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask_cors import CORS

from pulse_analytics import config

if TYPE_CHECKING:
    from flask import Flask

    from pulse_analytics.config import Settings


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
