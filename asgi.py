"""The ASGI application: `uvicorn asgi:app`, with the options of docs/operations.md."""

from pulse_analytics.asgi import app

__all__ = ["app"]
