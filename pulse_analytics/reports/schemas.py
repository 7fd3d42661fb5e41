"""Query parameters, or what is wrong with them."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from pulse_analytics.errors import FixRequest
from pulse_analytics.events import is_id
from pulse_analytics.reports.days import Days
from pulse_analytics.reports.paging import read_cursor

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000
MAX_DAYS = 3660
"""The longest series that is answered, ten years: each of its days is a number in the answer."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_YEAR = 1970


class _Day(fields.Field[date]):
    """A UTC day from 1970 to 9999, YYYY-MM-DD."""

    def _deserialize(self, value: Any, *_: object, **__: object) -> date:
        try:
            day = date.fromisoformat(value) if _DAY.fullmatch(value) else date.min
        except ValueError:
            day = date.min
        if day.year < _FIRST_YEAR:
            raise ValidationError("Not a day from 1970 to 9999, spelled YYYY-MM-DD.")
        return day


class QuerySchema(Schema):
    """No parameters at all. One that is not known is an error: ignored, it would give other numbers than asked for."""

    error_messages = {"unknown": "Not a parameter of this address."}  # noqa: RUF012 - marshmallow's spelling


class DaysSchema(QuerySchema):
    """A range of days, loaded as `days`."""

    since = _Day(load_default=None)
    until = _Day(load_default=None)

    @post_load
    def _make_days(self, loaded: dict[str, Any], **_: object) -> dict[str, Any]:
        days = Days(loaded.pop("since"), loaded.pop("until"))
        if days.since and days.until and days.since >= days.until:
            raise ValidationError("Must be later than since: the range ends before it.", "until")
        return {**loaded, "days": days}


def _check_prefix(text: str) -> None:
    if text and not is_id(text):
        raise ValidationError("No id begins with this: 128 characters at most, and no control characters.")


class ExportSchema(DaysSchema):
    """The parameters of the export."""

    prefix = fields.String(data_key="q", load_default="", validate=_check_prefix)


class TopSchema(ExportSchema):
    """The parameters of the ranking; the cursor is loaded as `after`, the place that it stands for."""

    limit = fields.Integer(load_default=DEFAULT_LIMIT, validate=validate.Range(1, MAX_LIMIT))
    cursor = fields.String(load_default=None)

    @post_load
    def _make_days(self, loaded: dict[str, Any], **_: object) -> dict[str, Any]:
        loaded = super()._make_days(loaded)
        cursor = loaded.pop("cursor")
        try:
            after = None if cursor is None else read_cursor(cursor, loaded["days"], loaded["prefix"])
        except ValueError as error:
            raise ValidationError(str(error), "cursor") from error
        return {**loaded, "after": after}


def load_query(schema: Schema, arguments: Mapping[str, str]) -> dict[str, Any]:
    """The checked query parameters. Raises FixRequest with every one that is wrong."""
    try:
        loaded: dict[str, Any] = schema.load(arguments)
    except ValidationError as error:
        # Sorted: marshmallow names the unknown ones in no order.
        raise FixRequest.from_marshmallow(dict(sorted(error.messages_dict.items()))) from error
    return loaded
