"""What `pulse up` chose, for every other command in its data directory; and what its children are given."""

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
    """Write what `pulse up` chose, whole or not at all, readable by its owner only."""
    lines = ["# Written by `pulse up`; every command in this data directory reads it."]
    lines += [f"{name}={shlex.quote(value)}" for name, value in sorted(values.items())]
    draft = data_dir / f"{RUN_FILE}.new"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    draft.replace(data_dir / RUN_FILE)


def user_values(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The `PULSE_*` variables that the user set, the empty ones left out; PULSE_DATA_DIR, absolute, is always there.

    Secrets are read from the files that hold them. Raises ConfigError if one cannot be.
    """
    environ = os.environ if environ is None else environ
    values = with_secret_files({name: value for name, value in environ.items() if name.startswith("PULSE_") and value})
    return {**values, "PULSE_DATA_DIR": str(Path(values.get("PULSE_DATA_DIR") or Settings.data_dir).absolute())}


def child_environment(values: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program that `pulse up` starts: its own, and the `PULSE_*` values that it chose.

    They hold what secrets' files held: a child that had both would refuse to start.
    """
    files = {f"{name}_FILE" for name in SECRETS}
    return {**{name: value for name, value in os.environ.items() if name not in files}, **values}
