"""GET, POST and DELETE /admin/session: a browser signs in with the admin token, and out."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, redirect, request
from marshmallow import EXCLUDE, Schema, fields
from redis.exceptions import RedisError

from pulse_analytics import config
from pulse_analytics.credentials import matching
from pulse_analytics.errors import SlowDown, Unauthorized
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.reports import schemas
from pulse_analytics.web import sessions
from pulse_analytics.web.client import client_address

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as WerkzeugResponse

blueprint = Blueprint("sign_in", __name__, url_prefix="/admin/session")
blueprint.after_request(sessions.keep_private)


class SignInSchema(Schema):
    """The body of a sign-in."""

    class Meta:
        """marshmallow's options."""

        unknown = EXCLUDE

    token = fields.String(required=True)


_schema = SignInSchema()


@blueprint.get("")
def show() -> dict[str, Any] | WerkzeugResponse:
    """Whether this browser is signed in, and the token that its changes must bring along.

    Whom a link leads here sees the page instead: a browser that follows another site's link holds our cookie back, and
    a new one would take its place and sign it out.
    """
    if any(kind == "text/html" for kind, _ in request.accept_mimetypes):
        return redirect("/admin", HTTPStatus.SEE_OTHER)
    return _state()


@blueprint.post("")
def sign_in() -> dict[str, Any]:
    """Sign in. 401: not with this token; 403: not from a page of ours; 429: too many wrong tries."""
    sessions.require_csrf_token()
    request.max_content_length = config.BODY_LIMIT_BYTES
    given = schemas.load_query(_schema, request.get_json())["token"]
    wrong_tries = _WrongTries(client_address())
    wrong_tries.check()
    token = matching(sessions.configured_tokens(), given)
    if token is None:
        wrong_tries.add()
        raise Unauthorized("That is not an admin token.")
    sessions.sign_in(token)
    return _state()


@blueprint.delete("")
def sign_out() -> tuple[str, int]:
    """Sign out."""
    sessions.require_csrf_token()
    sessions.sign_out()
    return "", 204


def _state() -> dict[str, Any]:
    return {"signedIn": sessions.signed_in_with() is not None, "csrfToken": sessions.csrf_token()}


class _WrongTries:
    """The wrong tries of one address in the last minute. Without Redis none are known, and none are held against it."""

    def __init__(self, address: str) -> None:
        self._key = f"pulse:sign-in:{address}"

    def check(self) -> None:
        """Raise SlowDown if there are too many."""
        try:
            pipeline = current_journal().redis.pipeline()
            pipeline.get(self._key)
            pipeline.ttl(self._key)
            tries, seconds = pipeline.execute()
        except RedisError:
            return
        if int(tries or 0) >= config.SIGN_IN_TRIES:
            raise SlowDown("Too many wrong tries.", retry_after_seconds=max(1, seconds))

    def add(self) -> None:
        """Count one more."""
        try:
            # In one transaction: a count that had no end would shut its address out for ever.
            pipeline = current_journal().redis.pipeline()
            pipeline.incr(self._key)
            pipeline.expire(self._key, config.SIGN_IN_SECONDS, nx=True)
            pipeline.execute()
        except RedisError:
            current_app.logger.warning("Could not count a wrong sign-in.", exc_info=True)
