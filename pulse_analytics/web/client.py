"""The client's address, scheme and host. Only this module reads what proxies say about them.

A client may send any X-Forwarded-For and -Proto. Its own items are on the left; each proxy adds to the right, or
replaces them all. So the rightmost PULSE_TRUSTED_PROXIES items were written by trusted proxies. The host is the Host
header that the proxy passes on. X-Forwarded-Host is ignored, because a proxy that does not set it passes the client's.
"""

from __future__ import annotations

from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import redirect, request
from werkzeug.exceptions import BadRequest
from werkzeug.routing import RequestRedirect

from pulse_analytics.config import current_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask
    from werkzeug.wrappers import Response

    from pulse_analytics.config import Settings

_FOR_PROBES = {"/healthz", "/readyz"}
"""Load balancers and Kubernetes probe these by IP address, whatever the site's host name is."""
_SHOWN_CHARACTERS = 100


def init_client(app: Flask, settings: Settings) -> None:
    """Let `app` refuse requests for hosts that PULSE_TRUSTED_HOSTS does not name, and redirect to no host at all."""
    if settings.trusted_hosts:
        app.before_request(_require_trusted_host)
    app.before_request(_redirect_to_path)


def client_address() -> str:
    """The client's address as the outermost trusted proxy saw it; without proxies, the address of the connection."""
    hops = current_settings().trusted_proxies
    seen = request.headers.get("X-Forwarded-For", "").split(",")
    forwarded = _address(seen[-hops]) if 0 < hops <= len(seen) else None
    return forwarded or request.remote_addr or "unknown"


def is_secure() -> bool:
    """Whether the client uses https, by the connection itself or by what a trusted proxy says."""
    forwarded = request.headers.get("X-Forwarded-Proto", "")
    return believed_scheme(request.scheme, forwarded, current_settings().trusted_proxies) == "https"


def believed_scheme(scheme: str, forwarded: str, hops: int) -> str:
    """The scheme that the client uses. `scheme` is that of the connection, `forwarded` is X-Forwarded-Proto.

    Most proxies replace the header, so that one value arrives however many proxies there are. (Werkzeug's ProxyFix
    would require `hops` values.)
    """
    return (forwarded.split(",")[-hops:][0].strip().lower() if hops else "") or scheme


def is_trusted(host: str, trusted_hosts: Iterable[str]) -> bool:
    """Whether a Host header names one of these: `video.example`, or `.video.example` and any name below it."""
    name, colon, port = host.lower().rpartition(":")
    if not colon or not (port.isdecimal() or port == ""):
        name = host.lower()
    name = name.removesuffix(".")
    return any(name == trusted.removeprefix(".") or _is_below(name, trusted) for trusted in trusted_hosts)


def _is_below(name: str, trusted: str) -> bool:
    return trusted.startswith(".") and name.endswith(trusted)


def _require_trusted_host() -> None:
    host = request.headers.get("Host", "")
    if request.path not in _FOR_PROBES and not is_trusted(host, current_settings().trusted_hosts):
        raise BadRequest(
            f"The host {host[:_SHOWN_CHARACTERS]!r} is not served here: PULSE_TRUSTED_HOSTS does not name it."
        )


def _redirect_to_path() -> Response | None:
    """Redirect `//videos/x` to `/videos/x`: the router's redirect names the request's host, which may be forged."""
    found = request.routing_exception
    if not isinstance(found, RequestRedirect):
        return None
    url = urlsplit(found.new_url)
    path = f"/{url.path.lstrip('/')}"
    return redirect(f"{path}?{url.query}" if url.query else path, HTTPStatus.PERMANENT_REDIRECT)


def _address(text: str) -> str | None:
    """The address in an item of X-Forwarded-For, to which some proxies add a port; None if it is not an address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return None
