"""Errors, each named for what the caller can do about it. web/problems.py turns them into answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLACE_IN_SCRIPT = re.compile(r"\.? script: (?:on |[0-9a-f]{40})")


@dataclass(frozen=True)
class FieldError:
    """One fault of a request, and the field, spelled as in the request, that has it."""

    field: str
    detail: str


class FixRequest(Exception):
    """The request can never succeed as it is: change it before you retry."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{error.field}: {error.detail}" for error in errors))
        self.errors = errors

    @classmethod
    def from_marshmallow(cls, messages: Mapping[str, Any]) -> Self:
        """The error for marshmallow's messages by field. One inside a list is named by its place: `videos.3.title`."""
        return cls(*_flat(messages))


def _flat(messages: Mapping[Any, Any], path: str = "") -> Iterator[FieldError]:
    for name, found in messages.items():
        # `_schema`: the fault is of the whole.
        place = path.rstrip(".") if name == "_schema" and path else f"{path}{name}"
        if isinstance(found, dict):
            yield from _flat(found, f"{place}.")
        else:
            yield FieldError(place, " ".join(found) if isinstance(found, list) else str(found))


def in_short(error: BaseException) -> str:
    """A driver's message, shortened: its first line, with Redis' error code and without the position in a script."""
    code = getattr(error, "status_code", None)
    words = _PLACE_IN_SCRIPT.split(str(error).partition("\n")[0])[0].rstrip(".")[:200]
    return f"{words}." if code in {None, "ERR"} else f"{code} {words}."


class TryAgain(Exception):
    """The same request may succeed later. Its outcome may be unknown; a retry is safe and will say."""


class ConfigError(Exception):
    """A setting has a value that cannot work. The message names the setting."""


class Configure(Exception):
    """A setting of the server is missing; only its operator can help. The message names the setting."""


class Unauthorized(Exception):
    """The request needs the admin token."""


class Forbidden(Exception):
    """The request was not sent by one of this server's own pages, or its token does not permit it."""


class SlowDown(Exception):
    """Too many requests; retry after `retry_after_seconds`."""

    def __init__(self, words: str, *, retry_after_seconds: int) -> None:
        super().__init__(words)
        self.retry_after_seconds = retry_after_seconds
