"""Query parameters, or what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from pulse_analytics.errors import FixRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000


class TopSchema(Schema):
    """The parameters of the ranking."""

    class Meta:
        """marshmallow's options."""

        unknown = EXCLUDE

    limit = fields.Integer(load_default=DEFAULT_LIMIT, validate=validate.Range(1, MAX_LIMIT))


def load_query(schema: Schema, arguments: Mapping[str, str]) -> dict[str, Any]:
    """The checked query parameters. Raises FixRequest with every one that is wrong."""
    try:
        loaded: dict[str, Any] = schema.load(arguments)
    except ValidationError as error:
        raise FixRequest.of(error.messages_dict) from error
    return loaded
