"""The ASGI application, with the broker that BROKER_URL names: another Redis than its journal's."""

from __future__ import annotations

import os

from pulse_analytics.asgi import app

app.flask_app.extensions["celery"].conf.broker_url = os.environ["BROKER_URL"]
