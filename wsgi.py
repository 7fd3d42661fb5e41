"""The WSGI application: `granian --interface wsgi wsgi:app`."""

from pulse_analytics.wsgi import app

__all__ = ["app"]
