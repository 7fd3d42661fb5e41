"""What can go wrong, named by what the caller can do about it. http_errors.py turns these into answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE_IN_SCRIPT = re.compile(r"\.? script: (?:on |[0-9a-f]{40})")


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong with a request, and the field (of the wire's spelling) that it is wrong with."""

    field: str
    detail: str


class FixRequest(Exception):
    """The request can never succeed as it is: it must be changed, not repeated."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{error.field}: {error.detail}" for error in errors))
        self.errors = errors

    @classmethod
    def from_marshmallow(cls, messages: Mapping[str, Any]) -> Self:
        """The error for what marshmallow found: its messages by field."""
        texts = {name: " ".join(found) if isinstance(found, list) else str(found) for name, found in messages.items()}
        return cls(*(FieldError(name, text) for name, text in texts.items()))


def in_short(error: BaseException) -> str:
    """What a driver says: its first line, with Redis' code, and without the place in a script."""
    code = getattr(error, "status_code", None)
    words = _PLACE_IN_SCRIPT.split(str(error).partition("\n")[0])[0].rstrip(".")[:200]
    return f"{words}." if code in {None, "ERR"} else f"{code} {words}."


class TryAgain(Exception):
    """The request may succeed later, as it is. Its outcome may be unknown: a repetition is safe and tells."""


class ConfigError(Exception):
    """A setting has a value that cannot work. The message names the setting."""


class Configure(Exception):
    """The server lacks a setting; only its operator can help. The message names the setting."""


class Unauthorized(Exception):
    """The request needs the admin token."""


class Forbidden(Exception):
    """The request was not sent by a page of ours, or its token may not do that."""


class SlowDown(Exception):
    """The request is one too many; it may be repeated after some seconds."""

    def __init__(self, words: str, *, retry_after_seconds: int) -> None:
        super().__init__(words)
        self.retry_after_seconds = retry_after_seconds
