"""The admin API: one guard for all of it, so that a new report cannot be public by mistake."""

from __future__ import annotations

from flask import Blueprint

from pulse_analytics.catalogue import views as catalogue
from pulse_analytics.config import CATALOGUE_PATH, REPORTS_PATH
from pulse_analytics.reports import live, views
from pulse_analytics.retention import views as retention
from pulse_analytics.web.guard import require_admin
from pulse_analytics.web.sessions import keep_private

blueprint = Blueprint("admin", __name__)
blueprint.before_request(require_admin)
blueprint.after_request(keep_private)
blueprint.register_blueprint(views.blueprint, url_prefix=REPORTS_PATH)
blueprint.register_blueprint(live.blueprint, url_prefix=REPORTS_PATH)
blueprint.register_blueprint(catalogue.blueprint, url_prefix=CATALOGUE_PATH)
blueprint.register_blueprint(retention.blueprint, url_prefix="/admin")
