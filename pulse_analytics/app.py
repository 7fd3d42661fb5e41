"""create_app: the one module that knows every part."""

from __future__ import annotations

from flask import Flask

from pulse_analytics import extensions, health, live, site
from pulse_analytics.config import Settings
from pulse_analytics.converters import init_converters
from pulse_analytics.database import init_database
from pulse_analytics.http_errors import init_http_errors
from pulse_analytics.ingest import views as ingest
from pulse_analytics.ingest.journal import init_journal
from pulse_analytics.ingest.timer import PersistTimer
from pulse_analytics.queueing import init_celery
from pulse_analytics.reports import sign_in
from pulse_analytics.reports import views as reports
from pulse_analytics.reports.auth import init_sessions


def create_app(settings: Settings | None = None) -> Flask:
    """The Flask application; its Celery app is `app.extensions["celery"]`. Connects to nothing.

    Raises ConfigError if a setting cannot work.
    """
    settings = settings or Settings.load()
    app = Flask("pulse_analytics", static_folder=None)
    settings.install(app)
    init_database(app, settings)
    extensions.init_cors(app, settings)
    extensions.init_redis(app, settings)
    init_journal(app, app.extensions["pulse_redis"], settings)
    init_sessions(app, settings)
    celery = init_celery(app, settings)
    celery.steps["worker"].add(PersistTimer)
    init_http_errors(app)
    init_converters(app)
    for part in (ingest, reports, live, sign_in, health, site):
        app.register_blueprint(part.blueprint)
    return app
