"""Turn JSON into entries, or report what is wrong with it. This is where `camelCase` becomes `snake_case`."""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate, validates_schema

from pulse_analytics.catalogue.entries import Entry, Listing
from pulse_analytics.database.models import MAX_TAG_LENGTH, MAX_TITLE_LENGTH, MAX_URL_LENGTH
from pulse_analytics.errors import FieldError, FixRequest
from pulse_analytics.events import ID_RULES, MAX_ID_LENGTH, is_id

MAX_VIDEOS = 1000
"""Videos of one request. Chosen, not measured."""
MAX_TAGS = 50
"""Tags of a video. Chosen, not measured."""
MOST_ERRORS = 100
"""Faults that an answer names. A body has room for 300,000."""
DEFAULT_LIMIT = 50

_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
URL_PATTERN = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7f-\xa0]+$"


def _text_of(most: int) -> dict[str, Any]:
    """The options of a field with a text of 1 to `most` characters, by the same rules as an id."""

    def check(text: str) -> None:
        if len(text) > most or not _TEXT.fullmatch(text):
            raise ValidationError(f"Must be 1 to {most} characters, without control characters or lone surrogates.")

    return {"validate": check, "metadata": {**ID_RULES, "maxLength": most}}


def _check_url(text: str) -> None:
    if len(text) > MAX_URL_LENGTH or not re.fullmatch(URL_PATTERN, text) or not _TEXT.fullmatch(text):
        raise ValidationError(f"Must be an http:// or https:// URL of at most {MAX_URL_LENGTH} characters.")


def _check_seconds(seconds: float) -> None:
    if seconds <= 0:
        raise ValidationError("Must be greater than 0.")


def _check_search(text: str) -> None:
    if text and not is_id(text):
        raise ValidationError(f"Must be at most {MAX_ID_LENGTH} characters, without control characters.")


def _url(name: str, description: str) -> fields.String:
    metadata = {"pattern": URL_PATTERN, "maxLength": MAX_URL_LENGTH, "description": description}
    return fields.String(data_key=name, allow_none=True, validate=_check_url, metadata=metadata)


def _id_field(**options: Any) -> fields.String:
    return fields.String(required=True, **{**_text_of(MAX_ID_LENGTH), **options})


class _Seconds(fields.Float):
    """A number, not a text that spells one."""

    def _validated(self, value: Any) -> float:
        if isinstance(value, str):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class _Strict(Schema):
    """An unknown field is an error: its owner would look for it in vain."""

    class Meta:
        """marshmallow's options."""

        unknown = RAISE

    error_messages = {"unknown": "Not a field of this.", "type": "Must be a JSON object."}  # noqa: RUF012 - marshmallow's spelling


class DetailsSchema(_Strict):
    """What an entry says about its video."""

    title = fields.String(allow_none=True, **_text_of(MAX_TITLE_LENGTH))
    page_url = _url("pageUrl", "The page that shows the video.")
    duration_seconds = _Seconds(
        data_key="durationSeconds",
        allow_none=True,
        validate=_check_seconds,
        metadata={"exclusiveMinimum": 0},
    )
    poster_url = _url("posterUrl", "A picture of it.")
    tags = fields.List(
        fields.String(**_text_of(MAX_TAG_LENGTH)),
        validate=validate.Length(max=MAX_TAGS),
        metadata={"description": "In any order; answers hold each once."},
    )


class EntrySchema(DetailsSchema):
    """A video's entry, loaded as `Entry`."""

    video_id = _id_field(data_key="videoId")

    @post_load
    def _make(self, loaded: dict[str, Any], **_: object) -> Entry:
        return Entry(**{**loaded, "tags": tuple(sorted(set(loaded.get("tags", ()))))})


class CatalogueSchema(_Strict):
    """Entries to store, loaded as a list of `Entry`."""

    videos = fields.List(fields.Nested(EntrySchema), required=True, validate=validate.Length(1, MAX_VIDEOS))

    @validates_schema
    def _check_that_each_is_once(self, loaded: dict[str, Any], **_: object) -> None:
        places: dict[str, int] = {}
        for place, entry in enumerate(loaded["videos"]):
            if (first := places.setdefault(entry.video_id, place)) != place:
                raise ValidationError({"videos": {place: {"videoId": [f"Is that of videos.{first}, too."]}}})

    @post_load
    def _make(self, loaded: dict[str, Any], **_: object) -> object:
        return loaded["videos"]


class DeleteSchema(_Strict):
    """The videos whose entries are deleted, loaded as a list of ids."""

    video_ids = fields.List(_id_field(), required=True, data_key="videoIds", validate=validate.Length(1, MAX_VIDEOS))

    @post_load
    def _make(self, loaded: dict[str, Any], **_: object) -> object:
        return loaded["video_ids"]


class ListSchema(_Strict):
    """The parameters of a page, loaded as `Listing`."""

    error_messages = {"unknown": "Not a parameter of this address."}  # noqa: RUF012 - marshmallow's spelling

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT,
        validate=validate.Range(1, MAX_VIDEOS),
        metadata={"description": "How many videos a page holds."},
    )
    cursor = fields.String(metadata={"description": "The `nextCursor` of the page before, with the same `q`."})
    text = fields.String(
        data_key="q",
        load_default="",
        validate=_check_search,
        metadata={
            **ID_RULES,
            "minLength": 0,
            "description": "Words of a title (the last one may be incomplete), or the beginning of an id.",
        },
    )

    @post_load
    def _make(self, loaded: dict[str, Any], **_: object) -> Listing:
        cursor = loaded.get("cursor")
        after = None if cursor is None else _read_cursor(cursor)
        return Listing(text=loaded["text"], after=after, limit=loaded["limit"])


def load(schema: Schema, data: object) -> Any:
    """What `schema` loads. Raises FixRequest with the first MOST_ERRORS faults."""
    if not isinstance(data, Mapping):
        raise FixRequest(FieldError("body", "Must be a JSON object."))
    try:
        return schema.load(data)
    except ValidationError as error:
        # Sorted, because marshmallow names unknown fields in no fixed order.
        found = FixRequest.from_marshmallow(dict(sorted(error.messages_dict.items())))
        raise FixRequest(*found.errors[:MOST_ERRORS]) from error


def write_cursor(video_id: str) -> str:
    """The cursor to the videos after this one."""
    return urlsafe_b64encode(video_id.encode()).decode().rstrip("=")


def _read_cursor(text: str) -> str:
    try:
        video_id = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        video_id = ""
    if not is_id(video_id):
        raise ValidationError("Not a cursor: send back the nextCursor of a page.", "cursor")
    return video_id
