"""create_app: the one module that knows every part."""

from __future__ import annotations

from flask import Flask

from pulse_analytics import extensions, health, site
from pulse_analytics.config import Settings
from pulse_analytics.http_errors import init_http_errors
from pulse_analytics.ingest import views as ingest
from pulse_analytics.ingest.journal import init_journal
from pulse_analytics.ingest.timer import PersistTimer
from pulse_analytics.reports import views as reports


def create_app(settings: Settings | None = None) -> Flask:
    """The Flask application; its Celery app is `app.extensions["celery"]`. Connects to nothing.

    Raises ConfigError if a setting cannot work.
    """
    settings = settings or Settings.load()
    app = Flask("pulse_analytics", static_folder=None)
    settings.install(app)
    extensions.init_database(app, settings)
    extensions.init_cors(app, settings)
    init_journal(app, extensions.connect_redis(settings), settings)
    celery = extensions.init_celery(app, settings)
    celery.steps["worker"].add(PersistTimer)
    init_http_errors(app)
    for blueprint in (ingest.blueprint, reports.blueprint, health.blueprint, site.blueprint):
        app.register_blueprint(blueprint)
    return app
