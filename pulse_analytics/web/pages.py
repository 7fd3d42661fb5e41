"""What Vite built into frontend/dist: the demo site (`/`, `/watch/<videoId>`), the admin pages (`/admin` and below),
and the tracker for other sites' pages (`/tracker.js`).

Each of the first two is a single HTML file, whose script reads the address. Where other events than the half are
counted, its `data-events` names all that are. The API works without the built site.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.routing import PathConverter

from pulse_analytics.config import current_settings
from pulse_analytics.events import DEFAULT_EVENT
from pulse_analytics.web.problems import problem

if TYPE_CHECKING:
    from flask import Flask

DIST = Path(__file__).parents[1] / "site"
"""Where the built site is (in a checkout a link to frontend/dist), unless the config has SITE_DIST."""
ASSET_SECONDS = 365 * 86_400
"""The name of an asset holds a hash of its content: it never changes."""
VIDEO_SECONDS = 3600
"""The name of a sample video does not change with its content."""

CONTENT_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    # hls.js plays from a blob.
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""The Content-Security-Policy of pages: resources from this origin, and no inline scripts or styles."""

blueprint = Blueprint("site", __name__)


class VideoIdConverter(PathConverter):
    """A video's id in a path, `<video_id:...>`: any text, including slashes at its ends."""

    part_isolating = False
    regex = ".+"


def init_converters(app: Flask) -> None:
    """Let the routes of `app` contain video ids."""
    app.url_map.converters["video_id"] = VideoIdConverter


@blueprint.after_request
def _add_content_policy(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = "; ".join(f"{kind} {source}" for kind, source in CONTENT_POLICY.items())
    return answer


@blueprint.get("/")
@blueprint.get("/watch/<video_id:video_id>", merge_slashes=False)
def page(**_address: str) -> Response:
    """Every page of the demo site."""
    return _html("index.html")


@blueprint.get("/admin", strict_slashes=False)
@blueprint.get("/admin/videos/<video_id:video_id>", merge_slashes=False)
def admin_page(**_address: str) -> Response:
    """Every admin page. It needs no sign-in, because its data comes from the API, which does."""
    return _html("admin.html")


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> Response:
    """A script or style, which browsers may cache for ASSET_SECONDS."""
    answer = send_from_directory(_dist() / "assets", name, max_age=ASSET_SECONDS)
    answer.cache_control.immutable = True
    return answer


@blueprint.get("/tracker.js")
@blueprint.get("/tracker-<chunk>.js")
def tracker(chunk: str | None = None) -> Response:
    """The tracker, or what it loads later; any site may import it. Browsers revalidate all of it at each visit, so that
    its parts are of one build.
    """
    answer = send_from_directory(_dist(), f"tracker-{chunk}.js" if chunk else "tracker.js")
    # Browsers ask for module scripts of other origins with CORS, and without cookies.
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@blueprint.get("/videos/<path:name>")
def video(name: str) -> Response:
    """A sample video or its poster; answers Range requests, so that a player can seek."""
    return send_from_directory(_dist() / "videos", name, max_age=VIDEO_SECONDS)


@blueprint.get("/favicon.svg")
def favicon() -> Response:
    """The icon in the browser's tab."""
    return send_from_directory(_dist(), "favicon.svg", max_age=VIDEO_SECONDS)


def _html(name: str) -> Response:
    """An HTML file. Browsers revalidate it each time, because it names the assets of its build."""
    events = current_settings().events
    try:
        return send_from_directory(_dist(), name) if events == (DEFAULT_EVENT,) else _with_events(name, events)
    except (NotFound, FileNotFoundError):
        return problem(503, "The site is not built: `make site` builds it; the API works without it.")


def _with_events(name: str, events: tuple[str, ...]) -> Response:
    """The HTML file with the names of these events, because its script may ask nothing before a sign-in."""
    page = (_dist() / name).read_text(encoding="utf-8")
    answer = Response(page.replace("<html", f'<html data-events="{" ".join(events)}"', 1), mimetype="text/html")
    answer.cache_control.no_cache = True
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _dist() -> Path:
    return Path(current_app.config.get("SITE_DIST", DIST))
