"""A third-party web site on loopback: the harness pages, the clips, and HLS playlists that change over time."""

from __future__ import annotations

import json
import mimetypes
import re
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.servers.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "frontend" / "player" / "dist-test"
MEDIA = Path(__file__).parent / "media"
SEGMENTS = len(list(MEDIA.glob("segment-*.ts")))

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".mp4": "video/mp4",
    ".ts": "video/mp2t",
    ".webm": "video/webm",
}
_PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)$")


class Site:
    """The site. Any `*.example` name reaches it, too, because Chromium maps these to loopback."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        """Notes from pages, in order: the paths of their GET /note/... requests."""
        self.answers: dict[str, tuple[HTTPStatus, bytes]] = {}
        """What it answers to a path instead of the file that is there."""
        self.requests: list[str] = []
        """The path of each request, in order."""
        self._live_looks: dict[str, list[float]] = {}
        self._server = _Server(("127.0.0.1", free_port()), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="site")

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._server.server_port

    def origin(self, host: str = "127.0.0.1") -> str:
        """Its origin under a host name."""
        return f"http://{host}:{self.port}"

    def live(self, name: str, *, ends_after_seconds: int = 0, late: bool = False, keeps: int = 0) -> str:
        """The path of a live stream, which offers its last 6 s. With an end, it keeps all segments, and ends then.

        `late`: it answers the first reload with the same playlist again, as RFC 8216 allows. `keeps`: how many segments
        it keeps, although it has an end.
        """
        return f"/live/{name}.m3u8?{urlencode({'ends': ends_after_seconds, 'late': int(late), 'keeps': keeps})}"

    def vod(self, name: str) -> str:
        """The path of an HLS stream of 10 s, whose segments are its own: `/vod/NAME/segment-00.ts` and so on."""
        return f"/vod/{name}/index.m3u8"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def playlist(self, path: str, query: dict[str, list[str]]) -> str:
        """The current playlist."""
        if path == "/vod.m3u8":
            return _playlist(range(8), ended=True)
        if path.startswith("/vod/"):
            return _playlist(range(10), ended=True, folder=path.removesuffix("/index.m3u8"))
        looks = self._live_looks.setdefault(path, [])
        looks.append(time.monotonic())
        late = int(query["late"][0])
        first = looks[min(late, len(looks) - 1)]
        # A player begins three segments before the end. Unless the stream is late, each reload has a new segment.
        newest = 3 + max(int(time.monotonic() - first), len(looks) - 1 - late)
        ends = int(query["ends"][0])
        if ends:
            keeps = int(query["keeps"][0]) or ends
            return _playlist(range(max(0, min(newest, ends) - keeps), min(newest, ends)), ended=newest >= ends)
        newest = min(newest, SEGMENTS)
        return _playlist(range(max(0, newest - 6), newest), ended=False)


def _playlist(segments: range, *, ended: bool, folder: str = "/media") -> str:
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{segments.start}"]
    for number in segments:
        lines += ["#EXTINF:1.000000,", f"{folder}/segment-{number:02}.ts"]
    return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if ended else []), ""])


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], site: Site) -> None:
        super().__init__(address, _Handler)
        self.site = site

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors: a browser closes the connection of a video as soon as it has enough of it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.server.site.requests.append(url.path)
        if (answer := self.server.site.answers.get(url.path)) is not None:
            self._send(answer[0], "text/html", answer[1])
        elif url.path.startswith("/note/"):
            self.server.site.notes.append(url.path.removeprefix("/note/"))
            self._send(HTTPStatus.NO_CONTENT, "text/plain", b"")
        elif url.path.endswith(".m3u8"):
            text = self.server.site.playlist(url.path, parse_qs(url.query))
            self._send(HTTPStatus.OK, _PLAYLIST_TYPE, text.encode())
        elif (file := _file(url.path)) is not None:
            self._send_file(file)
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", json.dumps(url.path).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - it is called so there
        """Log nothing."""

    def _send_file(self, file: Path) -> None:
        content = file.read_bytes()
        kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        wanted = _RANGE.match(self.headers.get("Range", ""))
        if wanted is None:
            self._send(HTTPStatus.OK, kind, content)
            return
        first, last = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)
        if first > last:
            self._send(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, kind, b"", f"bytes */{len(content)}")
        else:
            part = content[first : last + 1]
            self._send(HTTPStatus.PARTIAL_CONTENT, kind, part, f"bytes {first}-{last}/{len(content)}")

    def _send(self, status: HTTPStatus, kind: str, content: bytes, content_range: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Accept-Ranges", "bytes")
        # Not `no-store`, which would keep pages out of the back/forward cache.
        self.send_header("Cache-Control", "no-cache")
        if content_range is not None:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        self.wfile.write(content)


def _file(path: str) -> Path | None:
    is_media = path.startswith(("/media/", "/vod/"))
    folder, name = (MEDIA, path.rpartition("/")[2]) if is_media else (PAGES, path[1:])
    file = (folder / name).resolve()
    return file if file.is_file() and file.is_relative_to(folder) else None
