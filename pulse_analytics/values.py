"""The PULSE_* values as text, each read as what it means. Each function raises ConfigError if its value cannot work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pulse_analytics.errors import ConfigError
from pulse_analytics.events import EVENT_TYPES
from pulse_analytics.redis_urls import UrlError, read_redis_url

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_SECONDS = 10**9
"""32 years. Chosen, not measured."""
_HOST = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", re.ASCII | re.IGNORECASE)


def database_url(url: str) -> str:
    """`url` with the driver that this project depends on, whichever spelling of the scheme the operator used."""
    scheme, separator, rest = url.partition("://")
    if scheme in {"postgres", "postgresql", "postgresql+psycopg"} and _has_port(url):
        return f"postgresql+psycopg{separator}{rest}"
    path, _, query = rest.removeprefix("/").partition("?")
    if scheme != "sqlite" or not path:
        raise ConfigError("PULSE_DATABASE_URL must be sqlite:///a-file or postgresql://user:password@host/database.")
    # Flask-SQLAlchemy would resolve a relative path against its instance folder, not against the working directory.
    return f"sqlite:///{Path(path).absolute()}" + (f"?{query}" if query else "")


def redis_url(values: Mapping[str, str], name: str, default: str) -> str:
    """The URL of a Redis, as it was spelled."""
    url = values.get(name) or default
    try:
        read_redis_url(url)
    except UrlError as error:
        raise ConfigError(f"{name} {error}") from error
    return url


def event_types(names: tuple[str, ...]) -> tuple[str, ...]:
    """`names`, if each is one of EVENT_TYPES, in the order of their shares. `all`: all of them."""
    if names == ("all",):
        return tuple(EVENT_TYPES)
    unknown = [name for name in names if name not in EVENT_TYPES]
    if unknown:
        known = ", ".join(EVENT_TYPES)
        raise ConfigError(f"PULSE_EVENTS names unknown events: {', '.join(unknown)}. Known are: {known}, or `all`.")
    return tuple(name for name in EVENT_TYPES if name in names)


def number(values: Mapping[str, str], name: str, default: float) -> float:
    """A number of seconds above 0."""
    try:
        seconds = float(values.get(name) or default)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise ConfigError(f"{name} must be a number of seconds above 0, not {values.get(name)!r}.")
    return seconds


def whole_number(values: Mapping[str, str], name: str, default: int, most: int = _LONGEST_SECONDS) -> int:
    """A whole number from 0 to `most`."""
    text = values.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and int(text) <= most):
        span = "0 or more" if most == _LONGEST_SECONDS else f"from 0 to {most}"
        raise ConfigError(f"{name} must be a whole number, {span}, not {text!r}.")
    return int(text)


def switch(values: Mapping[str, str], name: str, *, default: bool) -> bool:
    """`on` or `off`."""
    text = values.get(name) or ("on" if default else "off")
    if text not in {"on", "off"}:
        raise ConfigError(f"{name} must be on or off, not {text!r}.")
    return text == "on"


def port(values: Mapping[str, str], name: str, default: int, *, lowest: int) -> int:
    """A port from `lowest` on."""
    text = values.get(name) or str(default)
    if not (text.isascii() and text.isdecimal()) or not lowest <= int(text) <= 65_535:
        raise ConfigError(f"{name} must be a port from {lowest} to 65535, not {text!r}.")
    return int(text)


def words(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The words of a list separated by commas or spaces, each once."""
    return tuple(dict.fromkeys(values.get(name, "").replace(",", " ").split()))


def origins(given: tuple[str, ...]) -> tuple[str, ...]:
    """`given`, if each can be an Origin."""
    for origin in given:
        scheme, _, host = origin.partition("://")
        if scheme not in {"http", "https"} or not host or set(host) & set("/*?#@"):
            raise ConfigError(f"PULSE_CORS_ORIGINS takes origins such as https://video.example, not {origin!r}.")
    return given


def hosts(given: tuple[str, ...]) -> tuple[str, ...]:
    """`given` in lower case, if each can be a host."""
    for host in given:
        if not _HOST.fullmatch(host):
            raise ConfigError(
                "PULSE_TRUSTED_HOSTS takes hosts without a port: video.example, .video.example (with all below it), "
                f"192.0.2.1 or [2001:db8::1]; not {host!r}."
            )
    return tuple(host.lower() for host in given)


def _has_port(url: str) -> bool:
    """Whether the port of `url` is valid or left out."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False
