"""A loopback TCP port for a server that will be killed and restarted."""

from __future__ import annotations

import os
import random
import socket
from collections import deque
from pathlib import Path

_LOWEST = 15_000
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
#: Ports handed out recently, which may not be bound yet.
_given: deque[int] = deque(maxlen=1000)


def free_port() -> int:
    """A free port of 127.0.0.1 outside the kernel's ephemeral range that was not handed out recently.

    While a server is down, the kernel could give an ephemeral port to a client, even to one that tries to reconnect and
    so connects to itself. The server could then not bind its port again.
    """
    for port in random.sample(_ours(), k=100):
        if port not in _given and _can_bind(port):
            _given.append(port)
            return port
    raise OSError("No free port on 127.0.0.1.")


def _ours() -> range:
    """The ports of this process: each of n processes of pytest-xdist has every n-th port."""
    highest = int(_EPHEMERAL_RANGE.read_text(encoding="ascii").split()[0])
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return range(min(_LOWEST, highest // 2) + number % processes, highest, processes)


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
