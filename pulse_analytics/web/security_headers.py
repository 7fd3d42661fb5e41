"""The security headers of every answer, which let a browser do as little as possible with it."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

from flask import request

from pulse_analytics.web.client import is_secure

if TYPE_CHECKING:
    from flask import Flask, Response

_FOR_ALL = {
    "X-Content-Type-Options": "nosniff",
    # For answers that are not pages. The pages have a policy of their own.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # A page's address names a video.
    "Referrer-Policy": "same-origin",
    # The features that a video needs (autoplay, fullscreen, picture-in-picture) keep their defaults.
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), midi=(), payment=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
}
_TRANSPORT = "max-age=31536000"
"""One year. Without includeSubDomains, because other sites may use the subdomains."""

_FOR_OTHER_SITES = ("/analytics", "/tracker.js", "/tracker-", "/assets/", "/videos/", "/favicon.svg")
"""What pages of other sites may load, and learn nothing by: a beacon is answered with what it sent, and the rest is the
same for everyone. (Beacons, and elements such as <video>, load without CORS.)"""


def init_security_headers(app: Flask) -> None:
    """Give every answer of `app` its security headers; one that a view has set stays."""
    app.after_request(_add)


def security_headers(path: str, *, secure: bool) -> dict[str, str]:
    """The security headers of an answer to a request for `path`. `secure`: the client used https."""
    readers = "cross-origin" if path.startswith(_FOR_OTHER_SITES) else "same-origin"
    headers = {**_FOR_ALL, "Cross-Origin-Resource-Policy": readers}
    return {**headers, "Strict-Transport-Security": _TRANSPORT} if secure else headers


def refusal(status: str, words: str) -> bytes:
    """The bytes of a whole answer that bypasses the application; `status` is, for example, `400 Bad Request`."""
    headers = {
        "Date": formatdate(usegmt=True),
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(words)),
        "Connection": "close",
        **security_headers("", secure=False),
    }
    lines = "".join(f"{name.lower()}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n{words}".encode()


def _add(answer: Response) -> Response:
    for name, value in security_headers(request.path, secure=is_secure()).items():
        answer.headers.setdefault(name, value)
    return answer
