"""The Redis URLs that are supported: of one server, or of Sentinels that know which of several is the primary."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

SENTINEL_PORT = 26_379
_OPTIONS = {"db", "ssl", "ssl_ca_certs", "sentinel_username", "sentinel_password"}
_POSSIBLE = (
    "must be redis://user:password@host:port/number, rediss:// for TLS, or "
    "sentinel://user:password@host:26379,host:26379/NAME"
)


class UrlError(ValueError):
    """The URL cannot work. The message continues after a setting's name and says what is wrong and what is valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinels:
    """The content of a `sentinel://` URL."""

    hosts: tuple[tuple[str, int], ...]
    name: str
    """The Sentinels' name for the primary and its replicas."""
    server_options: dict[str, Any] = field(repr=False)
    """Options of connections to the primary, by redis-py's names: user, password, TLS, database."""
    sentinel_options: dict[str, Any] = field(repr=False)
    """Options of connections to the Sentinels: user, password, TLS. `asking` adds the timeouts."""
    tls: dict[str, Any] | None
    """The certificate options of both kinds of connections; None: no TLS."""

    def asking(self, seconds: float) -> dict[str, Any]:
        """Options of connections to the Sentinels, which together take `seconds` if none answers. They can be JSON."""
        each = seconds / len(self.hosts)
        # If `retry` is missing, redis-py tries ten times.
        return {**self.sentinel_options, "socket_timeout": each, "socket_connect_timeout": each, "retry": None}

    @property
    def kombu_url(self) -> str:
        """The URL for kombu, which takes a list of URLs and, as a separate option, the name."""
        user, password = (quote(self.server_options.get(key) or "", safe="") for key in ("username", "password"))
        login = f"{user}:{password}@" if user or password else ""
        hosts = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts)
        return ";".join(f"sentinel://{login}{host}/{self.server_options['db']}" for host in hosts)


def read_redis_url(url: str) -> Sentinels | None:
    """The content of a `sentinel://` URL; None for the URL of a single server, which redis-py and kombu read.

    Raises UrlError.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UrlError(f"{_POSSIBLE} ({error}).") from error
    if parts.scheme == "sentinel":
        return _read_sentinels(parts)
    if parts.scheme not in {"redis", "rediss"}:
        raise UrlError(f"{_POSSIBLE}; a Redis Cluster or a socket cannot be used.")
    if "," in parts.netloc.rpartition("@")[2]:
        raise UrlError(f"names several hosts: it {_POSSIBLE}; a Redis Cluster cannot be used.")
    if not (_has_port(parts) and re.fullmatch(r"/?[0-9]*", parts.path)):
        raise UrlError(f"{_POSSIBLE}.")
    return None


def without_secrets(url: str) -> str:
    """The URL of a Redis or a database without user, password and options, for messages."""
    parts = urlsplit(url)
    place = f"{parts.netloc}{parts.path}"
    # SQLAlchemy also takes a password with an unescaped /. SQLite has no password, but perhaps an @ in its path.
    return f"{parts.scheme}://{place.rpartition('@')[2] if parts.netloc else place}"


def _read_sentinels(parts: SplitResult) -> Sentinels:
    login, _, places = parts.netloc.rpartition("@")
    if "@" in login:
        raise UrlError("names a user or password twice: it stands once, before the first host, and @ in it as %40.")
    name = unquote(parts.path.removeprefix("/"))
    if not name or "/" in name:
        raise UrlError(f"{_POSSIBLE}, where NAME is what the Sentinels call the primary; ?db=1 is its database.")
    options = _read_options(parts.query)
    tls = _tls(options)
    common = {} if tls is None else {"ssl": True, **tls}
    user, password = (unquote(word) or None for word in login.partition(":")[::2])
    return Sentinels(
        hosts=tuple(_host(place) for place in places.split(",")),
        name=name,
        server_options={**common, "username": user, "password": password, "db": int(options.get("db", "0"))},
        sentinel_options={
            **common,
            "username": options.get("sentinel_username"),
            "password": options.get("sentinel_password"),
        },
        tls=tls,
    )


def _read_options(query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    options = dict(pairs)
    if options.keys() - _OPTIONS or len(options) < len(pairs):
        raise UrlError(f"has an option that is not known, or one twice; known are {', '.join(sorted(_OPTIONS))}.")
    if not (options.get("db", "0").isascii() and options.get("db", "0").isdecimal()):
        raise UrlError(f"has a db that is not a number: {options['db']!r}.")
    if options.get("ssl", "false") not in {"true", "false"}:
        raise UrlError(f"has an ssl that is neither true nor false: {options['ssl']!r}.")
    return options


def _host(place: str) -> tuple[str, int]:
    parts = urlsplit(f"//{place}")
    if not parts.hostname or not _has_port(parts):
        raise UrlError(f"{_POSSIBLE}, and not with a host like {place!r}.")
    return parts.hostname, parts.port or SENTINEL_PORT


def _has_port(parts: SplitResult) -> bool:
    """Whether the port is valid or left out."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _tls(options: dict[str, str]) -> dict[str, Any] | None:
    if options.get("ssl") != "true":
        return None
    # By default, kombu accepts any certificate.
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": options.get("ssl_ca_certs")}
