"""The values that `pulse up` chose, for every other command in its data directory, and its children's environment."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from pulse_analytics.config import RUN_FILE, Settings
from pulse_analytics.credentials import SECRETS, with_secret_files

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_run_file(data_dir: Path, values: Mapping[str, str]) -> None:
    """Write the values that `pulse up` chose, atomically, to a file that only its owner can read."""
    lines = ["# Written by `pulse up`; every command in this data directory reads it."]
    lines += [f"{name}={shlex.quote(value)}" for name, value in sorted(values.items())]
    draft = data_dir / f"{RUN_FILE}.new"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    draft.replace(data_dir / RUN_FILE)


def user_values(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The `PULSE_*` variables that the user set, without empty ones, and always PULSE_DATA_DIR as an absolute path.

    Secrets are read from their files. Raises ConfigError if a file cannot be read.
    """
    environ = os.environ if environ is None else environ
    values = with_secret_files({name: value for name, value in environ.items() if name.startswith("PULSE_") and value})
    return {**values, "PULSE_DATA_DIR": str(Path(values.get("PULSE_DATA_DIR") or Settings.data_dir).absolute())}


def child_environment(values: Mapping[str, str]) -> dict[str, str]:
    """The environment of `pulse up`'s children: its own, with the `PULSE_*` values that it chose.

    These hold the contents of secrets' files, so the files' variables are left out: a child with both would not start.
    """
    files = {f"{name}_FILE" for name in SECRETS}
    return {**{name: value for name, value in os.environ.items() if name not in files}, **values}
