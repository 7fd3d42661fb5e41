"""Query parameters: checked and loaded, or refused with the reasons."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from marshmallow import Schema, ValidationError, fields, post_load, validate

from pulse_analytics.config import current_settings
from pulse_analytics.database.models import MAX_TAG_LENGTH
from pulse_analytics.enabled_event import EnabledEvent
from pulse_analytics.errors import FixRequest
from pulse_analytics.events import DEFAULT_EVENT, ID_RULES, is_id
from pulse_analytics.reports.days import Days
from pulse_analytics.reports.paging import Query, read_cursor
from pulse_analytics.reports.search import Search

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000
"""Videos on a page. Chosen, not measured."""
MAX_DAYS = 3660
"""The longest series, in days (ten years): the answer has a row for each day."""

_DAY = re.compile(r"^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")
DAY_RULES = {"type": "string", "format": "date", "pattern": _DAY.pattern}
"""The JSON Schema of a UTC day from 1970 to 9999."""


class _Day(fields.Field[date]):
    """A UTC day from 1970 to 9999, YYYY-MM-DD."""

    def _deserialize(self, value: Any, *_: object, **__: object) -> date:
        try:
            if _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise ValidationError("Not a day from 1970 to 9999, spelled YYYY-MM-DD.")


class QuerySchema(Schema):
    """No parameters. An unknown one is an error: if it were ignored, the numbers would not be those asked for."""

    error_messages = {"unknown": "Not a parameter of this address."}  # noqa: RUF012 - marshmallow's spelling


class Asked(NamedTuple):
    """What most reports are asked for."""

    days: Days
    event: str
    """The event type that the report is of."""


class DaysSchema(QuerySchema):
    """A range of days and an event type, loaded as `Asked`."""

    since = _Day(
        metadata={
            **DAY_RULES,
            "description": "The first UTC day. Left out: from the first view on.",
            "examples": ["2026-01-01"],
        }
    )
    until = _Day(
        metadata={
            **DAY_RULES,
            "description": "The UTC day after the last one. Left out: up to the last view.",
            "examples": ["2026-01-04"],
        }
    )
    event = fields.String(
        load_default=lambda: current_settings().ranked_event,
        validate=EnabledEvent(),
        metadata={
            "description": "The event type that the report is of: one of `PULSE_EVENTS`. "
            f"Left out: `{DEFAULT_EVENT}`, or the first one if that is not enabled."
        },
    )

    @post_load
    def _make(self, loaded: dict[str, Any], **_: object) -> object:
        return Asked(_days(loaded), loaded["event"])


def _days(loaded: Mapping[str, Any]) -> Days:
    days = Days(loaded.get("since"), loaded.get("until"))
    if days.since and days.until and days.since >= days.until:
        raise ValidationError("Must be later than since: the range ends before it.", "until")
    return days


def _check_prefix(text: str) -> None:
    if text and not is_id(text):
        raise ValidationError("No id begins with this: 128 characters at most, and no control characters.")


class Export(NamedTuple):
    """Which counts to export."""

    days: Days
    search: Search
    """Only those of these videos."""


class ExportSchema(DaysSchema):
    """The parameters of the export, loaded as `Export`."""

    text = fields.String(
        data_key="q",
        load_default="",
        validate=_check_prefix,
        metadata={
            **ID_RULES,
            "minLength": 0,
            "description": "Only videos whose title has these words (the last one may be incomplete; case does not "
            "count), or whose id begins with it (case counts).",
            "examples": ["in"],
        },
    )
    tag = fields.String(
        load_default="",
        validate=validate.Length(max=MAX_TAG_LENGTH),
        metadata={"description": "Of these, only videos with this tag."},
    )

    @post_load
    def _make(self, loaded: dict[str, Any], **_: object) -> object:
        return Export(_days(loaded), Search(loaded["text"], loaded["tag"]))


class TopSchema(ExportSchema):
    """The parameters of the ranking, loaded as `Query`."""

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT,
        validate=validate.Range(1, MAX_LIMIT),
        metadata={"description": "How many videos a page holds."},
    )
    cursor = fields.String(
        metadata={"description": "The `nextCursor` of the page before; all else but `limit` must stay the same."}
    )

    @post_load
    def _make(self, loaded: dict[str, Any], **_: object) -> object:
        days, event, cursor = _days(loaded), loaded["event"], loaded.get("cursor")
        search = Search(loaded["text"], loaded["tag"])
        try:
            after = None if cursor is None else read_cursor(cursor, days, event, *search)
        except ValueError as error:
            raise ValidationError(str(error), "cursor") from error
        return Query(days=days, event=event, search=search, after=after, limit=loaded["limit"])


def load_query(schema: Schema, arguments: Mapping[str, str]) -> Any:
    """The checked query parameters, as the type that `schema` names. Raises FixRequest for all invalid ones."""
    try:
        return schema.load(arguments)
    except ValidationError as error:
        # Sorted, because marshmallow names the unknown ones in no fixed order.
        raise FixRequest.from_marshmallow(dict(sorted(error.messages_dict.items()))) from error
