"""The security headers that every answer must have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = (
    "x-content-type-options",
    "content-security-policy",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
)


def lacking(headers: Iterable[tuple[str, str]]) -> list[str]:
    """Which of them the answer does not have exactly once."""
    held = [name.lower() for name, _ in headers]
    return [name for name in NAMES if held.count(name) != 1]


def lacking_in(answer: bytes) -> list[str]:
    """The same for an answer as bytes."""
    head = answer.partition(b"\r\n\r\n")[0].decode("latin1")
    return lacking(tuple(line.split(": ", 1)) for line in head.splitlines()[1:])  # type: ignore[misc]
