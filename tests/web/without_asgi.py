"""The application, for uvicorn; but it fails where a report reaches it by ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulse_analytics.app import create_app
from pulse_analytics.web.application import Application

if TYPE_CHECKING:
    from pulse_analytics.body import Receive, Scope, Send


class WithoutAsgi(Application):
    """Answers reports only by the shortcut."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            raise AssertionError("This report came by ASGI.")
        await super().__call__(scope, receive, send)


app = WithoutAsgi(create_app())
