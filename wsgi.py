"""The WSGI application: `granian --interface wsgi --http 1 wsgi:app`."""

from pulse_analytics.wsgi import app

__all__ = ["app"]
