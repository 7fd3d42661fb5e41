"""Turn JSON into an Event, or report what is wrong with it. This is where `camelCase` becomes `snake_case`."""

from __future__ import annotations

from typing import Any, TypedDict

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from pulse_analytics.config import BATCH_LIMIT_EVENTS, current_settings
from pulse_analytics.enabled_event import EnabledEvent
from pulse_analytics.errors import FieldError, FixRequest
from pulse_analytics.events import ID_RULES, MAX_ID_LENGTH, MAX_TS, Event, event_id, is_id

_ID_RULE = f"Must be 1 to {MAX_ID_LENGTH} characters, without control characters or lone surrogates."


def _check_id(text: str) -> None:
    if not is_id(text):
        raise ValidationError(_ID_RULE)


def _id_field(name: str, description: str) -> fields.String:
    metadata = {**ID_RULES, "description": description}
    return fields.String(data_key=name, required=True, validate=_check_id, metadata=metadata)


class ReportSchema(Schema):
    """A player's report. Unknown fields are ignored, so that a newer player loses no events on an older server."""

    class Meta:
        """marshmallow's options."""

        unknown = EXCLUDE

    video_id = _id_field("videoId", "The video, as the site calls it.")
    event = fields.String(
        required=True, validate=EnabledEvent(), metadata={"description": "What happened: one of `PULSE_EVENTS`."}
    )
    user_id = _id_field("userId", "The viewer, as the site calls them.")
    # Strict: neither "1" nor 1.0 nor true is an integer.
    ts = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(0, MAX_TS),
        metadata={
            "description": "The player's clock at the moment of the crossing, in ms since 1970, spelled without a "
            "fraction or an exponent. It stays the same on every retry."
        },
    )


class BatchSchema(Schema):
    """Many reports. Each is validated separately, so that one bad report does not cost the good ones."""

    class Meta:
        """marshmallow's options."""

        unknown = EXCLUDE

    events = fields.List(
        fields.Raw(allow_none=True, metadata={"description": "A `Report`. Anything else costs only its own result."}),
        required=True,
        validate=validate.Length(1, BATCH_LIMIT_EVENTS),
    )


class Report(TypedDict):
    """What ReportSchema loads: four valid values."""

    video_id: str
    event: str
    user_id: str
    ts: int


_report_schema = ReportSchema()
_batch_schema = BatchSchema()


def load_report(data: object, received_at: int) -> Event:
    """The event that `data` (parsed JSON) reports, received at `received_at` ms since 1970.

    Raises FixRequest with every field that is wrong.
    """
    report: Report = _load(_report_schema, data)
    user_ids = current_settings().user_ids
    if user_ids.on:
        return user_ids.event(received_at=received_at, **report)
    return Event(id=event_id(**report), received_at=received_at, **report)


def load_batch(data: object, received_at: int) -> list[Event | FixRequest]:
    """For each report of the batch, in order, its event or what is wrong with it.

    Raises FixRequest if `data` is not a batch.
    """
    reports: list[object] = _load(_batch_schema, data)["events"]
    return [_load_item(report, received_at) for report in reports]


def _load_item(data: object, received_at: int) -> Event | FixRequest:
    try:
        return load_report(data, received_at)
    except FixRequest as error:
        return error


def _load(schema: Schema, data: object) -> Any:
    if not isinstance(data, dict):
        raise FixRequest(FieldError("body", "Must be a JSON object."))
    try:
        return schema.load(data)
    except ValidationError as error:
        raise FixRequest.from_marshmallow(error.messages_dict) from error
