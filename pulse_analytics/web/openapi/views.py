"""GET /openapi.json, and GET /docs, the same as a page. The page needs neither a script nor the built site."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, send_from_directory

from pulse_analytics.web import pages
from pulse_analytics.web.openapi.document import build_document
from pulse_analytics.web.openapi.page import render_page

if TYPE_CHECKING:
    from flask import Flask

TEMPLATES = Path(__file__).with_name("templates")

blueprint = Blueprint("openapi", __name__, template_folder="templates")


class Description:
    """The description of an application, built at the first request for it."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    @cached_property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return build_document(self._app)

    @cached_property
    def page(self) -> str:
        """The same in HTML."""
        return render_page(self.document)


def init_openapi(app: Flask) -> None:
    """Add the two routes to `app`."""
    app.extensions["pulse_openapi"] = Description(app)


@blueprint.get("/openapi.json")
def document() -> Response:
    """The OpenAPI document. Its keys are not sorted, because their order is made for human readers."""
    return Response(json.dumps(_description().document), content_type="application/json")


# On the blueprint of the site's pages, so that it has their headers.
@pages.blueprint.get("/docs")
def docs() -> str:
    """The document as a page."""
    return _description().page


@pages.blueprint.get("/docs.css")
def docs_style() -> Response:
    """The page's stylesheet."""
    return send_from_directory(TEMPLATES, "docs.css")


def _description() -> Description:
    description: Description = current_app.extensions["pulse_openapi"]
    return description
