"""The WSGI application: `granian --interface wsgi wsgi:app`."""

from pulse_analytics.app import create_app

app = create_app()
