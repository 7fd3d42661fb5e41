"""What only one `pulse up` may use: its data directory and its ports."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pulse_analytics.up.program import StartError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

LOCK_FILE = "pulse.lock"
PATIENCE_SECONDS = 5.0
"""How long the servers of a killed `pulse up` may take to end."""
_POLL_SECONDS = 0.1


@contextmanager
def locked(data_dir: Path, say: Callable[[str], None], patience_seconds: float = PATIENCE_SECONDS) -> Iterator[int]:
    """Create `data_dir` and hold its lock; yields the lock's file descriptor.

    The lock lasts until every process that inherited the descriptor has ended, because a second Valkey on the same
    append-only file would lose acknowledged writes. Raises StartError if the lock is not free in time.
    """
    descriptor = _open(data_dir)
    try:
        if not _try_lock(descriptor):
            say(f"Another `pulse up` uses {data_dir}, or its servers are still ending: waiting for them ...")
            if not _within(patience_seconds, lambda: _try_lock(descriptor)):
                raise StartError(
                    f"Another `pulse up` runs on {data_dir}: stop it first, or choose another PULSE_DATA_DIR."
                )
        yield descriptor
    finally:
        os.close(descriptor)


def check_ports(ports: dict[str, int], patience_seconds: float = 0.0) -> None:
    """Check that the port of every setting in `ports` is free. Raises StartError naming the port and its setting."""
    if len(set(ports.values())) < len(ports):
        raise StartError(
            f"{' and '.join(ports)} must be different ports, not {' and '.join(map(str, ports.values()))}."
        )
    for name, port in ports.items():
        if not _within(patience_seconds, lambda port=port: is_free(port)):  # type: ignore[misc]
            raise StartError(f"Port {port} is taken by another program: stop that, or set {name} to another port.")


def free_port(preferred: int | None, avoid: Collection[int]) -> int:
    """A loopback port that is free now and not in `avoid`: the preferred one if possible."""
    if preferred and preferred not in avoid and is_free(preferred):
        return preferred
    while True:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port: int = server.getsockname()[1]
        if port not in avoid:
            return port


def is_free(port: int) -> bool:
    """Whether nothing listens on this loopback port.

    `create_server` sets SO_REUSEADDR, so that closing connections of an earlier run do not count. It does not set
    SO_REUSEPORT, with which the port would look free although another server that sets it, too, listens there.
    """
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _open(data_dir: Path) -> int:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StartError(f"PULSE_DATA_DIR cannot be used: {error}.") from error


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
