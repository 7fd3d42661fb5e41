"""The pages and files of the site."""

from __future__ import annotations

from tests.contract.ask import Ask, Group, get

_PATHS = [
    "/",
    "/watch/x",
    "/watch/x/",
    "/watch/a/b",
    "/watch/a//b",
    "/watch/%2Fa%2F",
    "/watch/%C3%A9%20%3F",
    "/watch",
    "/watch/",
    "/admin",
    "/admin/",
    "/admin/videos/intro",
    "/admin/videos/a%2Fb//c",
    "/admin/videos/%3Cb%3E",
    "/admin/videos/",
    "/admin/nothing",
    "/assets/x",
    "/assets/",
    "/assets",
    "/assets/index-1a2b3c.js",
    "/assets/../index.html",
    "/assets/..%2Findex.html",
    "/assets/%2Fetc%2Fpasswd",
    "/videos/x",
    "/videos/",
    "/videos/tides.mp4",
    "/videos/%00",
    "/videos/%FF.mp4",
    "/videos//etc/passwd",
    "/favicon.svg",
    "/favicon.ico",
    "/index.html",
    "/admin.html",
    "/robots.txt",
]

GROUPS = [
    Group(
        name="site",
        asks=[
            *(get(path, path) for path in _PATHS),
            get("/ with a query", "/?utm_source=mail"),
            get("a part of a video", "/videos/tides.mp4", {"Range": "bytes=100-199"}),
            get("the end of a video", "/videos/tides.mp4", {"Range": "bytes=-40"}),
            get("a range beyond the end", "/videos/tides.mp4", {"Range": "bytes=9999-"}),
            get("a range in an unknown unit", "/videos/tides.mp4", {"Range": "seconds=1-2"}),
            Ask(name="HEAD of a video", method="HEAD", path="/videos/tides.mp4"),
            Ask(name="HEAD of the page", method="HEAD", path="/"),
            Ask(name="POST to the page", method="POST", path="/"),
            Ask(name="POST to the admin page", method="POST", path="/admin"),
        ],
    )
]
