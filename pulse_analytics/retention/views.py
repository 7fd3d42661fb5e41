"""DELETE /admin/users/<userId> and GET /admin/erasures/<id>. The parent blueprint in `web/admin.py` guards them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request, url_for
from marshmallow import RAISE, Schema, ValidationError, fields
from werkzeug.exceptions import NotFound

from pulse_analytics.database import changing, reading
from pulse_analytics.errors import FieldError, FixRequest
from pulse_analytics.events import is_event_id, is_id
from pulse_analytics.ingest.journal import answering
from pulse_analytics.ingest.tasks import send_erasure
from pulse_analytics.retention.receipts import as_json, find_erasure, request_erasure

if TYPE_CHECKING:
    from pulse_analytics.retention.receipts import Erasure

blueprint = Blueprint("retention", __name__)


class ForgetSchema(Schema):
    """The parameters of a DELETE."""

    class Meta:
        """marshmallow's options."""

        unknown = RAISE

    error_messages = {"unknown": "Not a parameter of this address."}  # noqa: RUF012 - marshmallow's spelling

    with_counts = fields.Boolean(
        data_key="withCounts",
        truthy={"true"},
        falsy={"false"},
        load_default=False,
        metadata={"description": "Take the user's views from all counts, too."},
    )


_forget_schema = ForgetSchema()


@blueprint.delete("/users/<video_id:user_id>", merge_slashes=False)
def forget(user_id: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Have a worker erase every trace of this user. Until it is finished, the same request is the same erasure."""
    erasure = _request(user_id, with_counts=_with_counts())
    # Only now: a worker that finds an id in Redis looks the erasure up.
    with answering() as journal:
        journal.traces.begin_erasure(erasure.id)
    send_erasure(erasure.id)
    return as_json(erasure), 202, {"Location": url_for(".show", erasure_id=erasure.id)}


@blueprint.get("/erasures/<erasure_id>")
def show(erasure_id: str) -> dict[str, Any]:
    """The receipt of an erasure."""
    found = None
    if is_event_id(erasure_id):
        with reading() as connection:
            found = find_erasure(connection, erasure_id)
    if found is None:
        raise NotFound("There is no such erasure.")
    return as_json(found)


def _with_counts() -> bool:
    try:
        return bool(_forget_schema.load(request.args)["with_counts"])
    except ValidationError as error:
        raise FixRequest.from_marshmallow(error.messages_dict) from error


def _request(user_id: str, *, with_counts: bool) -> Erasure:
    if not is_id(user_id):
        raise FixRequest(FieldError("userId", "That is not the id of a user."))
    with changing() as connection:
        return request_erasure(connection, user_id, with_counts=with_counts)
