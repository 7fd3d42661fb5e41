"""The ASGI application: `uvicorn pulse_analytics.asgi:app`; in a checkout, `uvicorn asgi:app`."""

from __future__ import annotations

from pulse_analytics.app import create_served_app
from pulse_analytics.web.application import Application

app = Application(create_served_app())
