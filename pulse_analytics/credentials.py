"""The secrets among the settings: files that hold them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pulse_analytics.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRETS = ("PULSE_DATABASE_URL", "PULSE_REDIS_URL", "PULSE_ADMIN_TOKEN")
"""The settings that may be in a file instead, whose path is the setting NAME_FILE."""


def with_secret_files(values: Mapping[str, str]) -> dict[str, str]:
    """`values`, in which each secret's NAME_FILE is replaced with NAME: what that file holds.

    Raises ConfigError if both are set, or if the file cannot be read or is empty.
    """
    found = dict(values)
    for name in SECRETS:
        if path := found.pop(f"{name}_FILE", ""):
            if found.get(name):
                raise ConfigError(f"{name} and {name}_FILE are both set: unset one of them.")
            found[name] = _content(f"{name}_FILE", path)
    return found


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
