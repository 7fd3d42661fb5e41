"""The WSGI application: `granian --interface wsgi --http 1 pulse_analytics.wsgi:app`; in a checkout, `wsgi:app`."""

from __future__ import annotations

from pulse_analytics.app import create_served_app

app = create_served_app()
