"""What the browser complained of: errors of scripts, requests that failed, breaches of the policy, dialogs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog

_FAILED_REQUEST = "Failed to load resource: "


class Complaints:
    """Everything that went wrong in the pages of a context."""

    def __init__(self, context: BrowserContext) -> None:
        self._messages: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        context.on("console", self._note)
        context.on("weberror", lambda error: self._messages.append(str(error.error)))
        context.on("dialog", self._dismiss)

    def expect_failed_requests(self, reason: str) -> None:
        """Requests may fail for this reason, a regular expression; earlier ones too."""
        self.expect(re.escape(_FAILED_REQUEST) + f".*({reason})")

    def expect(self, beginning: str) -> None:
        """It may complain of what begins so, a regular expression."""
        self._expected.append(re.compile(beginning))

    def unexpected(self) -> list[str]:
        """What should not have been."""
        return [message for message in self._messages if not any(each.match(message) for each in self._expected)]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._messages.append(message.text)

    def _dismiss(self, dialog: Dialog) -> None:
        self._messages.append(f"{dialog.type}: {dialog.message}")
        dialog.dismiss()
