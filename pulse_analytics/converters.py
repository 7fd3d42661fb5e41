"""What Flask's routes can hold, besides Flask's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.routing import PathConverter

if TYPE_CHECKING:
    from flask import Flask


class VideoIdConverter(PathConverter):
    """A video's id in a path, `<video_id:...>`: any text, slashes at its ends too."""

    part_isolating = False
    regex = ".+"


def init_converters(app: Flask) -> None:
    """Let the routes of `app` hold video ids."""
    app.url_map.converters["video_id"] = VideoIdConverter
