"""A browser's session below /admin: a signed cookie that says with which admin token it has signed in."""

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
    """The token with which the request's browser has signed in, if it still is one.

    Raises Configure if there is no admin token, TryAgain if the cookie cannot be judged without Redis.
    """
    tokens, mark = configured_tokens(), _opened().get(_TOKEN, "")
    return next((token for token in tokens if hmac.compare_digest(_mark(token), mark)), None) if mark else None


def csrf_token() -> str:
    """What this browser's changes must bring along in CSRF_HEADER: no other site can read it.

    Raises TryAgain if no cookie can be signed without Redis.
    """
    token: str = _opened().get(_CSRF) or secrets.token_urlsafe(24)
    _signing_key()
    session.permanent = True
    session[_CSRF] = token
    return token


def require_csrf_token() -> None:
    """Let the request pass if a page of ours sent it.

    Raises Forbidden if not, Configure if there is no admin token, TryAgain if the cookie cannot be judged.
    """
    configured_tokens()
    expected = _opened().get(_CSRF, "")
    if not expected or not hmac.compare_digest(request.headers.get(CSRF_HEADER, "").encode(), expected.encode()):
        raise Forbidden(f"Send the csrfToken of GET /admin/session as {CSRF_HEADER}.")


def sign_in(token: AdminToken) -> None:
    """Let the browser in from now on, for SESSION_SECONDS and as long as `token` is configured."""
    session.clear()
    session.permanent = True
    session[_TOKEN] = _mark(token)


def sign_out() -> None:
    """Let the browser in no more."""
    session.clear()


def keep_private(answer: Response) -> Response:
    """Let nobody but the one who asked keep the answer, and not even that browser after it has signed out."""
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _mark(token: AdminToken) -> str:
    """What tells a session's token. Who has the cookie can read it, and has no key to test guesses with."""
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
    """Why it could not be opened: a view answers with that, and a page or a bearer does not need to know."""


class _AdminSessions(SecureCookieSessionInterface):
    """Flask's signed cookies, for the pages and the API below /admin only: reports of players pay nothing for them."""

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
        """What the session holds; nothing, if it is forged or over."""
        try:
            content, signed_at = self.get_signing_serializer(app).loads(cookie, return_timestamp=True)
        except BadSignature:
            return {}
        age = time.time() - signed_at.timestamp()
        # itsdangerous's own `max_age` refuses what a web host signed whose clock is a second ahead of ours.
        in_time = -config.CLOCK_SKEW_SECONDS <= age <= app.permanent_session_lifetime.total_seconds()
        return content if in_time else {}

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer:
        key: SessionKey = app.extensions["pulse_session_key"]
        how = {"key_derivation": self.key_derivation, "digest_method": self.digest_method}
        return URLSafeTimedSerializer(key.get(), salt=self.salt, serializer=self.serializer, signer_kwargs=how)

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - Flask's signature
        return is_secure()
