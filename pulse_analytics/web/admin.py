"""/admin/analytics: one guard for every report below it, so that a new one cannot be public by mistake."""

from __future__ import annotations

from flask import Blueprint

from pulse_analytics.config import REPORTS_PATH
from pulse_analytics.reports import live, views
from pulse_analytics.web.guard import require_admin
from pulse_analytics.web.sessions import keep_private

blueprint = Blueprint("admin", __name__, url_prefix=REPORTS_PATH)
blueprint.before_request(require_admin)
blueprint.after_request(keep_private)
blueprint.register_blueprint(views.blueprint)
blueprint.register_blueprint(live.blueprint)
