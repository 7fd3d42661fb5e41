"""Flower, Celery's monitor, behind the admin token."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulse_analytics.config import Settings

USER = "admin"
"""Who signs in to Flower; the password is the admin token."""

log = logging.getLogger(__name__)


def lock_flower(settings: Settings) -> None:
    """Let Flower, if it is installed, ask for USER and the admin token, and change nothing.

    Flower's own settings come before these: `--basic-auth`, `--auth`, `--read-only=false`, FLOWER_BASIC_AUTH and so
    on. Without a token nobody can sign in. The token stands in no command line, which others on the machine could read.
    """
    try:
        from flower.options import options  # noqa: PLC0415 - the extra may be missing
        from flower.views.monitor import Metrics  # noqa: PLC0415
        from tornado.web import authenticated  # noqa: PLC0415
    except ImportError:
        return
    ours = [f"{USER}:{settings.admin_token or secrets.token_urlsafe(32)}"]

    def ask() -> None:
        if options.auth:  # A login of its own, by OAuth, which would come second.
            options.basic_auth = [each for each in options.basic_auth if each not in ours]
        elif not options.basic_auth:
            options.basic_auth = ours
            if not settings.admin_token:
                log.warning("PULSE_ADMIN_TOKEN is not set: nobody can sign in to Flower.")

    # After a login its API obeys: the holder of a token that opens reports could stop workers.
    options.read_only = True
    options.add_parse_callback(ask)
    # The one view of Flower 2.2 that never asks.
    Metrics.get = authenticated(Metrics.get)
