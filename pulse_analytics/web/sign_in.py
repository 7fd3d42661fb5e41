"""GET, POST and DELETE /admin/session: a browser signs in with the admin token, and out."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, TypedDict

from flask import Blueprint, redirect, request
from marshmallow import EXCLUDE, Schema, fields

from pulse_analytics import config
from pulse_analytics.credentials import matching
from pulse_analytics.reports import schemas
from pulse_analytics.web import sessions
from pulse_analytics.web.client import client_address
from pulse_analytics.web.wrong_tokens import check_tries, refuse_wrong_token

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as WerkzeugResponse

# Nothing configures logging in a web process: what is below a warning is not written.
log = logging.getLogger(__name__)

blueprint = Blueprint("sign_in", __name__, url_prefix="/admin/session")
blueprint.after_request(sessions.keep_private)


class SignInSchema(Schema):
    """The body of a sign-in."""

    class Meta:
        """marshmallow's options."""

        unknown = EXCLUDE

    token = fields.String(required=True)


class State(TypedDict):
    """The body of an answer."""

    signedIn: bool
    csrfToken: str


_schema = SignInSchema()


@blueprint.get("")
def show() -> State | WerkzeugResponse:
    """Whether this browser is signed in, and the CSRF token that its changes must send.

    A browser that follows a link to this address is redirected to the page. If the link is on another site, the browser
    does not send our cookie; a new cookie would replace it and sign the browser out.
    """
    if any(kind == "text/html" for kind, _ in request.accept_mimetypes):
        return redirect("/admin", HTTPStatus.SEE_OTHER)
    return _state()


@blueprint.post("")
def sign_in() -> State:
    """Sign in. 401: the token is wrong; 403: the CSRF token is missing or wrong; 429: too many wrong tries."""
    sessions.require_csrf_token()
    request.max_content_length = config.BODY_LIMIT_BYTES
    given = schemas.load_query(_schema, request.get_json())["token"]
    token = matching(sessions.configured_tokens(), given) or refuse_wrong_token("sign-in")
    check_tries()
    sessions.sign_in(token)
    log.warning("Signed in from %s with the admin token named %s", client_address(), token.name)
    return _state()


@blueprint.delete("")
def sign_out() -> tuple[str, int]:
    """Sign out."""
    sessions.require_csrf_token()
    sessions.sign_out()
    return "", 204


def _state() -> State:
    return {"signedIn": sessions.signed_in_with() is not None, "csrfToken": sessions.csrf_token()}
