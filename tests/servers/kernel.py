"""What the kernel says of processes and of connections."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ESTABLISHED = "01"


def cpu_seconds(pids: Iterable[int]) -> float:
    """What these processes have used."""
    # The name, in parentheses, may hold spaces.
    stats = (Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split() for pid in pids)
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")


def clients_of(port: int) -> set[int]:
    """The ports of those whose connections a server on `port` of loopback holds open. This reads nothing of them."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    held = (row for row in rows if row[1].endswith(f":{port:04X}") and row[3] == _ESTABLISHED)
    return {int(row[2].rpartition(":")[2], 16) for row in held}
