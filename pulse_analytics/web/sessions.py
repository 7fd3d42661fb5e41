"""A browser's session below /admin: a signed cookie that holds which admin token the browser has signed in with."""

from __future__ import annotations

import hmac
import secrets
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import current_app, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer

from pulse_analytics import config
from pulse_analytics.config import current_settings
from pulse_analytics.errors import Configure, Forbidden, TryAgain
from pulse_analytics.web.client import is_secure

if TYPE_CHECKING:
    from flask import Flask, Request, Response
    from flask.sessions import SessionMixin

    from pulse_analytics.credentials import AdminToken
    from pulse_analytics.web.session_key import SessionKey

CSRF_HEADER = "X-CSRF-Token"
_TOKEN, _CSRF = "token", "csrf"


def init_sessions(app: Flask) -> None:
    """Let `app` sign its sessions."""
    app.permanent_session_lifetime = timedelta(seconds=config.SESSION_SECONDS)
    app.session_interface = _AdminSessions()
    app.config.update(
        SESSION_COOKIE_NAME="pulse_session",
        SESSION_COOKIE_PATH="/admin",
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_REFRESH_EACH_REQUEST=False,
    )


def configured_tokens() -> tuple[AdminToken, ...]:
    """The admin tokens. Raises Configure if there are none."""
    tokens = current_settings().admin_tokens
    if not tokens:
        raise Configure("No admin token is configured: set PULSE_ADMIN_TOKEN.")
    return tokens


def signed_in_with() -> AdminToken | None:
    """The token with which the request's browser has signed in, if it is still configured.

    Raises Configure if there is no admin token, TryAgain if the cookie cannot be verified without Redis.
    """
    tokens, mark = configured_tokens(), _opened().get(_TOKEN, "")
    return next((token for token in tokens if hmac.compare_digest(_mark(token), mark)), None) if mark else None


def csrf_token() -> str:
    """The token that this browser must send in CSRF_HEADER with each change; no other site can read it.

    Raises TryAgain if no cookie can be signed without Redis.
    """
    token: str = _opened().get(_CSRF) or secrets.token_urlsafe(24)
    _signing_key()
    session.permanent = True
    session[_CSRF] = token
    return token


def require_csrf_token() -> None:
    """Let the request pass if it has the CSRF token, which only our own pages can send.

    Raises Forbidden if not, Configure if there is no admin token, TryAgain if the cookie cannot be verified.
    """
    configured_tokens()
    expected = _opened().get(_CSRF, "")
    if not expected or not hmac.compare_digest(request.headers.get(CSRF_HEADER, "").encode(), expected.encode()):
        raise Forbidden(f"Send the csrfToken of GET /admin/session as {CSRF_HEADER}.")


def sign_in(token: AdminToken) -> None:
    """Sign the browser in, for SESSION_SECONDS and as long as `token` is configured."""
    session.clear()
    session.permanent = True
    session[_TOKEN] = _mark(token)


def sign_out() -> None:
    """Sign the browser out."""
    session.clear()


def keep_private(answer: Response) -> Response:
    """Disable all caching of the answer, so that nothing remains in the browser after it has signed out."""
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _mark(token: AdminToken) -> str:
    """What identifies the token in a session. The cookie's holder can read it, but has no key to test guesses with."""
    return hmac.digest(_signing_key().encode(), token.secret.encode(), "sha256").hex()


def _signing_key() -> str:
    key: SessionKey = current_app.extensions["pulse_session_key"]
    return key.get()


def _opened() -> SessionMixin:
    """The request's session. Raises TryAgain if it could not be opened."""
    if outage := getattr(session, "outage", None):
        raise outage
    return session


class _Session(SecureCookieSession):
    outage: TryAgain | None = None
    """Why the session could not be opened. Views that need the session raise it; pages and bearers do not need it."""


class _AdminSessions(SecureCookieSessionInterface):
    """Flask's signed cookies, only for pages and API below /admin, so that players' reports do not pay for them."""

    session_class = _Session

    def open_session(self, app: Flask, request: Request) -> _Session | None:
        if not request.path.startswith("/admin"):
            return None
        opened = _Session()
        if cookie := request.cookies.get(self.get_cookie_name(app)):
            try:
                opened = _Session(self._content(app, cookie))
            except TryAgain as error:
                opened.outage = error
        return opened

    def _content(self, app: Flask, cookie: str) -> dict[str, object]:
        """The content of the session; empty if it is forged or has expired."""
        try:
            content, signed_at = self.get_signing_serializer(app).loads(cookie, return_timestamp=True)
        except BadSignature:
            return {}
        age = time.time() - signed_at.timestamp()
        # itsdangerous's own `max_age` refuses a session signed by a web host whose clock is 1 s ahead.
        in_time = -config.CLOCK_SKEW_SECONDS <= age <= app.permanent_session_lifetime.total_seconds()
        return content if in_time else {}

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer:
        key: SessionKey = app.extensions["pulse_session_key"]
        how = {"key_derivation": self.key_derivation, "digest_method": self.digest_method}
        return URLSafeTimedSerializer(key.get(), salt=self.salt, serializer=self.serializer, signer_kwargs=how)

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - Flask's signature
        return is_secure()
