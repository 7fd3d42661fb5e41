"""GET /admin/analytics/...: parse, ask, answer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from pulse_analytics.reports import queries, schemas
from pulse_analytics.reports.auth import require_admin

blueprint = Blueprint("reports", __name__, url_prefix="/admin/analytics")
blueprint.before_request(require_admin)

_top_schema = schemas.TopSchema()


@blueprint.get("/top")
def top() -> dict[str, Any]:
    """The ranking: the most watched videos first."""
    query = schemas.load_query(_top_schema, request.args)
    videos = queries.top_videos(query["limit"])
    return {"videos": [{"videoId": v.video_id, "watched50Count": v.watched_50_count} for v in videos]}
