"""Who may use the admin API: clients that send an admin token as bearer, and browsers that have signed in with one."""

from __future__ import annotations

from flask import request

from pulse_analytics import credentials
from pulse_analytics.errors import Forbidden, Unauthorized
from pulse_analytics.web import sessions
from pulse_analytics.web.wrong_tokens import refuse_wrong_token

_HOW = "Send the admin token: `Authorization: Bearer <token>`"


def require_admin() -> None:
    """Let the request pass if its admin token is right and allows its method.

    Raises Configure if no token is configured, Unauthorized if the request's token is wrong or missing, SlowDown after
    too many wrong tokens, Forbidden if the token may only read, or if a session requests a change without its CSRF
    token.
    """
    tokens = sessions.configured_tokens()
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    token = _of_bearer(tokens, scheme, given.strip()) if scheme else _of_session()
    if not token.may(request.method):
        raise Forbidden(f"The admin token {token.name} may only read.")


def _of_bearer(tokens: tuple[credentials.AdminToken, ...], scheme: str, given: str) -> credentials.AdminToken:
    """The token in the request's header. A correct one is never limited, however many wrong ones its address sends."""
    if scheme.lower() != "bearer" or not given:
        raise Unauthorized(f"{_HOW}.")
    return credentials.matching(tokens, given) or refuse_wrong_token("bearer")


def _of_session() -> credentials.AdminToken:
    token = sessions.signed_in_with()
    if token is None:
        raise Unauthorized(f"{_HOW}, or sign in.")
    if request.method not in credentials.SAFE_METHODS:
        sessions.require_csrf_token()
    return token
