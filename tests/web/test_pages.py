"""The demo site: which files of a build Flask serves, and which it never serves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.web import pages
from tests.conftest import TOKEN
from tests.contract.asgi_client import AsgiClient
from tests.contract.conftest import CLIENTS
from tests.web.secured import lacking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from werkzeug.test import TestResponse

PAGE = b"<!doctype html><title>A page</title>"
ADMIN_PAGE = b"<!doctype html><title>An admin page</title>"
FILM = bytes(range(256)) * 40


class ReadingClient(FlaskClient):
    """A client that reads every answer to its end, as a server does, so that its file is closed."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{**kwargs, "buffered": True})


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A built site, with a secret beside it."""
    dist = tmp_path / "dist"
    for name, content in {
        "index.html": PAGE,
        "admin.html": ADMIN_PAGE,
        "favicon.svg": b"<svg/>",
        "assets/index-1a2b3c.js": b"1",
        "assets/index-1a2b3c.css": b"a{}",
        "tracker.js": b"2",
        "tracker-auto.js": b"3",
        "videos/tides.mp4": FILM,
        "videos/tides.jpg": b"poster",
        "../secret.mp4": b"secret",
    }.items():
        (dist / name).parent.mkdir(parents=True, exist_ok=True)
        (dist / name).write_bytes(content)
    return dist


@pytest.fixture
def app(tmp_path: Path, dist: Path) -> Iterator[Flask]:
    """The application, with that site; it needs no server."""
    app = create_app(Settings.parse({"PULSE_ADMIN_TOKEN": TOKEN}, tmp_path))
    app.config["SITE_DIST"] = dist
    app.test_client_class = ReadingClient
    yield app
    app.extensions["celery"].close()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/watch/tides",
        "/watch/a/b",
        "/watch/a//b",
        "/watch/a%2Fb",
        "/watch/%2Fa%2F",
        "/watch/%C3%A9%20%3F",
        "/watch/tides/",
    ],
)
def test_every_page_is_the_same_file_and_is_revalidated(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "text/html", PAGE)
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/admin",
        "/admin/",
        "/admin/videos/tides",
        "/admin/videos/a%2Fb//c",
        "/admin/videos/%3Cb%3E",
        "/admin/videos/x/",
        "/admin/videos/%2Fa%2F%2Fb%2F",
    ],
)
def test_every_admin_page_is_the_same_file_and_needs_no_token(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "text/html", ADMIN_PAGE)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Set-Cookie" not in answer.headers


def test_a_new_build_has_another_etag(client: FlaskClient, dist: Path) -> None:
    old = client.get("/").headers["ETag"]
    (dist / "index.html").write_bytes(PAGE + b"\n")
    answer = client.get("/", headers={"If-None-Match": old})
    assert (answer.status_code, answer.data) == (200, PAGE + b"\n")


def test_a_page_names_the_counted_events_if_they_are_not_the_half_alone(
    app: Flask, client: FlaskClient, dist: Path, tmp_path: Path
) -> None:
    built = b'<!doctype html><html lang="en"><title>A page</title>'
    named = b'<!doctype html><html data-events="video_started watched_50_percent" lang="en"><title>A page</title>'
    for name in ("index.html", "admin.html"):
        (dist / name).write_bytes(built)
    old = client.get("/")
    Settings.parse({"PULSE_EVENTS": "watched_50_percent video_started"}, tmp_path).install(app)
    for path in ("/", "/watch/tides", "/admin", "/admin/videos/tides"):
        answer = client.get(path, headers={"If-None-Match": old.headers["ETag"]})
        assert (old.data, answer.status_code, answer.mimetype, answer.data) == (built, 200, "text/html", named)
        assert answer.headers["Cache-Control"] == "no-cache"
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    (dist / "index.html").unlink()
    assert client.get("/").status_code == 503


@pytest.mark.parametrize(
    ("path", "mimetype"), [("/assets/index-1a2b3c.js", "text/javascript"), ("/assets/index-1a2b3c.css", "text/css")]
)
def test_an_asset_is_cached_as_immutable(client: FlaskClient, path: str, mimetype: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, mimetype)
    assert answer.cache_control.public
    assert answer.cache_control.immutable
    assert answer.cache_control.max_age == 365 * 86_400


@pytest.mark.parametrize("way", CLIENTS)
@pytest.mark.parametrize(("path", "content"), [("/tracker.js", b"2"), ("/tracker-auto.js", b"3")])
def test_pages_of_every_site_may_import_the_tracker_and_what_it_loads(
    app: Flask, path: str, content: bytes, way: str
) -> None:
    client = CLIENTS[way](app)

    def ask(name: str, value: str) -> tuple[int, bytes, Headers]:
        answer = client.open(path, method="GET", headers=[(name, value)], data=b"", buffered=True)
        return answer.status_code, answer.data, Headers(list(answer.headers))

    status, data, headers = ask("Origin", "https://shop.example")
    status_again, _, headers_again = ask("If-None-Match", headers["ETag"])
    if isinstance(client, AsgiClient):
        client.close()
    assert (status, data) == (200, content)
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Access-Control-Allow-Credentials" not in headers
    assert (status_again, headers_again["Access-Control-Allow-Origin"]) == (304, "*")


@pytest.mark.parametrize("path", ["/", "/admin", "/assets/index-1a2b3c.js", "/videos/tides.mp4", "/tracker-none.js"])
def test_pages_of_other_sites_may_read_nothing_else(client: FlaskClient, path: str) -> None:
    assert "Access-Control-Allow-Origin" not in client.get(path, headers={"Origin": "https://shop.example"}).headers


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-", 0, 10_239),
        ("bytes=100-199", 100, 199),
        ("bytes=-40", 10_200, 10_239),
        ("bytes=9000-99999", 9000, 10_239),
    ],
)
def test_a_range_of_a_video_is_answered_206(client: FlaskClient, asked: str, first: int, last: int) -> None:
    answer = client.get("/videos/tides.mp4", headers={"Range": asked})
    assert (answer.status_code, answer.mimetype) == (206, "video/mp4")
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(FILM)}"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.data == FILM[first : last + 1]


def test_a_whole_video_announces_that_ranges_can_be_requested(client: FlaskClient) -> None:
    answer = client.get("/videos/tides.mp4")
    assert (answer.status_code, answer.data) == (200, FILM)
    assert answer.headers["Accept-Ranges"] == "bytes"
    head = client.head("/videos/tides.mp4")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(len(FILM)))


def test_a_range_of_a_video_that_has_changed_is_answered_with_the_whole_new_video(client: FlaskClient) -> None:
    answer = client.get("/videos/tides.mp4", headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (answer.status_code, answer.data) == (200, FILM)


def test_a_range_beyond_the_end_of_a_video_is_416(client: FlaskClient) -> None:
    answer = client.get("/videos/tides.mp4", headers={"Range": "bytes=99999-"})
    assert (answer.status_code, answer.content_type) == (416, "application/problem+json")
    assert answer.headers["Content-Range"] == f"bytes */{len(FILM)}"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/watch/tides",
        "/admin",
        "/admin/videos/tides",
        "/assets/index-1a2b3c.js",
        "/tracker.js",
        "/tracker-auto.js",
        "/videos/tides.mp4",
        "/favicon.svg",
        "/videos/none.mp4",
        "/assets/none",
    ],
)
def test_every_answer_has_the_strict_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "media-src": "'self' blob:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert lacking(headers) == []
    for_other_sites = path.startswith(("/assets/", "/tracker", "/videos/", "/favicon"))
    assert headers["Cross-Origin-Resource-Policy"] == ("cross-origin" if for_other_sites else "same-origin")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/index.html",
        "/watch",
        "/watch/",
        "/assets/",
        "/assets/none.js",
        "/tracker-none.js",
        "/tracker-.js",
        "/tracker-auto",
        "/tracker-/../index.html",
        "/tracker-%2f..%2findex.html",
        "/tracker-..%2fassets%2findex-1a2b3c.js",
        "/videos/",
        "/videos/none.mp4",
        "/videos/%00",
        "/videos/" + "x" * 3000,
        "/videos/%FF.mp4",
        "/videos/../secret.mp4",
        "/videos/../../secret.mp4",
        "/videos/%2e%2e/%2e%2e/secret.mp4",
        "/videos/..%2f..%2fsecret.mp4",
        "/videos/..%5c..%5csecret.mp4",
        "/assets/../videos/tides.mp4",
        "/assets/..%2findex.html",
        "/videos//etc/passwd",
        "/videos/%2fetc/passwd",
        "/assets/%2fetc%2fpasswd",
    ],
)
def test_no_file_outside_the_build_is_served(client: FlaskClient, path: str) -> None:
    answer = client.get(path, follow_redirects=True)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.get_json()["status"] == 404


def test_without_a_built_site_its_pages_say_so_and_the_api_works(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    app.config["SITE_DIST"] = tmp_path / "none"
    for path in ("/", "/watch/tides"):
        answer = client.get(path)
        assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
        assert answer.get_json()["detail"] == "The site is not built: `make site` builds it; the API works without it."
    assert client.get("/assets/index-1a2b3c.js").status_code == 404
    assert client.get("/tracker.js").status_code == 404
    assert client.get("/healthz").status_code == 200


def test_the_routes_of_the_site_hide_no_other_route(app: Flask, client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.post("/analytics", json={}).status_code == 400
    assert client.get("/admin/analytics/top").status_code == 401
    rules = {str(rule): rule.endpoint.partition(".")[0] for rule in app.url_map.iter_rules()}
    assert {rule for rule, owner in rules.items() if owner == "site"} == {
        "/",
        "/watch/<video_id:video_id>",
        "/admin",
        "/admin/videos/<video_id:video_id>",
        "/assets/<path:name>",
        "/tracker.js",
        "/tracker-<chunk>.js",
        "/videos/<path:name>",
        "/favicon.svg",
        "/docs",
        "/docs.css",
    }
    policies = {client.get(path).headers["Content-Security-Policy"] for path in ("/healthz", "/nothing", "/admin/nope")}
    assert policies == {"default-src 'none'; frame-ancestors 'none'"}


@pytest.mark.usefixtures("built_site")
def test_the_real_build_obeys_its_content_security_policy(app: Flask, client: FlaskClient) -> None:
    """Nothing is inline or from another origin, and every file that the page names exists."""
    del app.config["SITE_DIST"]
    html = client.get("/").get_data(as_text=True)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)
    named = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert any(name.endswith(".js") for name in named)
    assert any(name.endswith(".css") for name in named)
    for name in named:
        assert client.get(name).status_code == 200, name
    for film in (pages.DIST / "videos").glob("*.mp4"):
        assert client.get(f"/videos/{film.name}", headers={"Range": "bytes=0-99"}).status_code == 206
        assert client.get(f"/videos/{film.stem}.jpg").mimetype == "image/jpeg"


def test_the_admin_page_is_served_even_if_its_cookie_cannot_be_checked(app: Flask) -> None:
    client = app.test_client(use_cookies=False)  # There is no Redis, which would know the key of sessions.
    answer = client.get("/admin", headers={"Cookie": "pulse_session=of-earlier"})
    assert (answer.status_code, answer.data) == (200, ADMIN_PAGE)
