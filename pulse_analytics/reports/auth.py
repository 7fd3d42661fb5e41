"""Who may read the reports: the bearer of the admin token."""

from __future__ import annotations

import hmac

from flask import request

from pulse_analytics.config import current_settings
from pulse_analytics.errors import Configure, Unauthorized


def require_admin() -> None:
    """Let the request pass if it bears the admin token.

    Raises Configure if there is no token to compare with, Unauthorized if the request's is wrong or missing.
    """
    token = current_settings().admin_token
    if token is None:
        raise Configure("No admin token is configured: set PULSE_ADMIN_TOKEN.")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    # In constant time: how long it takes must not tell how much of a guess was right.
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise Unauthorized("Send the admin token: `Authorization: Bearer <token>`.")
