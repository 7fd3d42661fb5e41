"""Errors that the browser reported: script errors, failed requests, violations of the CSP, dialogs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog

_FAILED_REQUEST = "Failed to load resource: "


class Complaints:
    """All errors in the pages of a browser context."""

    def __init__(self, context: BrowserContext) -> None:
        self._messages: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        context.on("console", self._note)
        context.on("weberror", lambda error: self._messages.append(str(error.error)))
        context.on("dialog", self._dismiss)

    def expect_failed_requests(self, reason: str) -> None:
        """Allow requests, also earlier ones, to fail for this reason, a regular expression."""
        self.expect(re.escape(_FAILED_REQUEST) + f".*({reason})")

    def expect(self, beginning: str) -> None:
        """Allow errors that match this regular expression at their start."""
        self._expected.append(re.compile(beginning))

    def unexpected(self) -> list[str]:
        """The errors that no `expect` allows."""
        return [message for message in self._messages if not any(each.match(message) for each in self._expected)]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._messages.append(message.text)

    def _dismiss(self, dialog: Dialog) -> None:
        self._messages.append(f"{dialog.type}: {dialog.message}")
        dialog.dismiss()
