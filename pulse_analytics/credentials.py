"""The secrets among the settings: the files that may hold them, the admin tokens, and the key that signs sessions."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pulse_analytics.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECRETS = (
    "PULSE_DATABASE_URL",
    "PULSE_REDIS_URL",
    "PULSE_BROKER_URL",
    "PULSE_ADMIN_TOKEN",
    "PULSE_ADMIN_TOKENS",
    "PULSE_SESSION_KEY",
    "PULSE_USER_ID_KEY",
)
"""The settings that a file may hold instead; the setting NAME_FILE is its path."""

SHORTEST_TOKEN = 20
"""Characters. Wrong tokens are limited per address, and addresses are cheap: only the length prevents guessing."""
SHORTEST_SESSION_KEY = 32
"""Characters. Anyone can get a signature and test guesses of the key on it, without a limit."""

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_ENTRY = re.compile(r"([A-Za-z0-9_.-]{1,64}):(read|full):([!-~]+)")
HOW_TO_MAKE = "`openssl rand -base64 32` makes a good one."


@dataclass(frozen=True, slots=True)
class AdminToken:
    """A token of the admin API. Its name identifies it in the log and lets it be revoked alone."""

    name: str
    role: str
    """`full`, or `read`, which allows no changes."""
    secret: str = field(repr=False)

    def may(self, method: str) -> bool:
        """Whether this token allows a request with this HTTP method."""
        return self.role == "full" or method in SAFE_METHODS


def with_secret_files(values: Mapping[str, str]) -> dict[str, str]:
    """`values`, with each secret's NAME_FILE replaced by NAME and the content of that file.

    Raises ConfigError if both are set, or if the file cannot be read or is empty.
    """
    found = dict(values)
    for name in SECRETS:
        if path := found.pop(f"{name}_FILE", ""):
            if found.get(name):
                raise ConfigError(f"{name} and {name}_FILE are both set: unset one of them.")
            found[name] = _content(f"{name}_FILE", path)
    return found


def read_admin_tokens(values: Mapping[str, str]) -> tuple[AdminToken, ...]:
    """The token of PULSE_ADMIN_TOKEN, as admin:full, and those of PULSE_ADMIN_TOKENS.

    Entries of PULSE_ADMIN_TOKENS are `name:role:TOKEN`, separated by spaces or commas. Raises ConfigError, which never
    quotes an entry: any part of a malformed entry may be the token.
    """
    tokens = []
    if secret := values.get("PULSE_ADMIN_TOKEN"):
        tokens.append(AdminToken("admin", "full", check_token(secret, "PULSE_ADMIN_TOKEN")))
    for number, entry in enumerate(values.get("PULSE_ADMIN_TOKENS", "").replace(",", " ").split(), start=1):
        place = f"Entry {number} of PULSE_ADMIN_TOKENS"
        found = _ENTRY.fullmatch(entry)
        if found is None:
            raise ConfigError(f"{place} must be NAME:read:TOKEN or NAME:full:TOKEN.")
        name, role, secret = found.groups()
        if name in {"admin", *(token.name for token in tokens)}:
            raise ConfigError(f"{place} has a name that is taken: another entry's, or `admin`, PULSE_ADMIN_TOKEN's.")
        if secret in {token.secret for token in tokens}:
            raise ConfigError(f"{place} has the same token as another entry, so neither could be revoked alone.")
        tokens.append(AdminToken(name, role, check_token(secret, place)))
    return tuple(tokens)


def check_token(token: str, place: str) -> str:
    """`token`. Raises ConfigError if it is short enough to guess, or if a header cannot carry it unchanged."""
    if not re.fullmatch(r"[!-~]+", token):
        raise ConfigError(f"{place} must be printable ASCII characters without spaces.")
    if len(token) < SHORTEST_TOKEN:
        raise ConfigError(f"{place} is too short: a token has at least {SHORTEST_TOKEN} characters. {HOW_TO_MAKE}")
    return token


def read_session_key(values: Mapping[str, str]) -> str | None:
    """PULSE_SESSION_KEY, or None. Raises ConfigError if it is too short."""
    key = values.get("PULSE_SESSION_KEY") or None
    if key is not None and len(key) < SHORTEST_SESSION_KEY:
        raise ConfigError(f"PULSE_SESSION_KEY must have at least {SHORTEST_SESSION_KEY} characters. {HOW_TO_MAKE}")
    return key


def matching(tokens: Iterable[AdminToken], given: str) -> AdminToken | None:
    """The token that equals `given`, or None.

    The time that this takes reveals nothing: every token is compared, and all digests have the same length.
    """
    digest, found = _digest(given), None
    for token in tokens:
        if hmac.compare_digest(_digest(token.secret), digest):
            found = token
    return found


def _digest(text: str) -> bytes:
    return sha256(text.encode(errors="surrogatepass")).digest()  # JSON can hold a lone surrogate.


def _content(setting: str, path: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigError(f"{setting}: cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{setting}: {path} is not UTF-8 text.") from error
    if not text:
        raise ConfigError(f"{setting}: {path} is empty.")
    return text
