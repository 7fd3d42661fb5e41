"""Who may read the reports: the bearer of the admin token, and who has signed in with it."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from flask import request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from pulse_analytics import config
from pulse_analytics.config import current_settings
from pulse_analytics.errors import Configure, Forbidden, Unauthorized
from pulse_analytics.web.client import is_secure

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from pulse_analytics.config import Settings

CSRF_HEADER = "X-CSRF-Token"
_SIGNED_IN, _CSRF = "signedIn", "csrf"


def init_sessions(app: Flask, settings: Settings) -> None:
    """Let `app` sign its sessions, with a key that lives as long as the admin token does: another token ends them."""
    if settings.admin_token is not None:
        app.secret_key = blake2b(settings.admin_token.encode(), person=b"pulse session").digest()
    app.permanent_session_lifetime = timedelta(seconds=config.SESSION_SECONDS)
    app.session_interface = _AdminSessions()
    app.config.update(
        SESSION_COOKIE_NAME="pulse_session",
        SESSION_COOKIE_PATH="/admin",
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_REFRESH_EACH_REQUEST=False,
    )


def require_admin() -> None:
    """Let the request pass if it bears the admin token, or comes from a browser that has signed in.

    Raises Configure if there is no token to compare with, Unauthorized if the request's is wrong or missing.
    """
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer" or not is_token(given.strip()):
            raise Unauthorized("Send the admin token: `Authorization: Bearer <token>`.")
    elif not is_signed_in():
        raise Unauthorized("Send the admin token: `Authorization: Bearer <token>`, or sign in.")


def keep_private(answer: Response) -> Response:
    """Let nobody but the one who asked keep the answer, and not even that browser after it has signed out."""
    answer.headers["Cache-Control"] = "no-store"
    return answer


def is_token(given: str) -> bool:
    """Whether `given` is the admin token. Raises Configure if there is none."""
    # In constant time: how long it takes must not tell how much of a guess was right. JSON can spell half a character.
    return hmac.compare_digest(given.encode(errors="surrogatepass"), _token().encode())


def is_signed_in() -> bool:
    """Whether the request's browser has signed in. Raises Configure if there is no admin token."""
    _token()
    return session.get(_SIGNED_IN) is True


def csrf_token() -> str:
    """What this browser's changes must bring along in CSRF_HEADER: no other site can read it."""
    token: str = session.get(_CSRF) or secrets.token_urlsafe(24)
    session.permanent = True
    session[_CSRF] = token
    return token


def require_csrf_token() -> None:
    """Let the request pass if a page of ours sent it. Raises Forbidden if not, Configure if there is no admin token."""
    _token()
    expected = session.get(_CSRF, "")
    if not expected or not hmac.compare_digest(request.headers.get(CSRF_HEADER, "").encode(), expected.encode()):
        raise Forbidden(f"Send the csrfToken of GET /admin/session as {CSRF_HEADER}.")


def sign_in() -> None:
    """Let the browser in from now on, for SESSION_SECONDS."""
    session.clear()
    session.permanent = True
    session[_SIGNED_IN] = True


def sign_out() -> None:
    """Let the browser in no more."""
    session.clear()


def _token() -> str:
    token = current_settings().admin_token
    if token is None:
        raise Configure("No admin token is configured: set PULSE_ADMIN_TOKEN.")
    return token


class _AdminSessions(SecureCookieSessionInterface):
    """Flask's signed cookies, for the pages and the API below /admin only: reports of players pay nothing for them."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return super().open_session(app, request) if request.path.startswith("/admin") else None

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - Flask's signature
        return is_secure()
