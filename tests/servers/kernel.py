"""Facts from the kernel about processes and connections."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ESTABLISHED = "01"


def cpu_seconds(pids: Iterable[int]) -> float:
    """The CPU time that these processes have used."""
    # The process name, in parentheses, may contain spaces.
    stats = (Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split() for pid in pids)
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")


def clients_of(port: int) -> set[int]:
    """The client ports of the connections that a server on loopback `port` holds open, without reading from them."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    held = (row for row in rows if row[1].endswith(f":{port:04X}") and row[3] == _ESTABLISHED)
    return {int(row[2].rpartition(":")[2], 16) for row in held}
