"""The commands and environments of the stack's programs, except those in tests/servers."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from pulse_analytics.up.stack import web_command
from tests.servers.local_process import LocalProcess
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_SETTINGS = {
    "PULSE_ADMIN_TOKEN": "the-admin-token-of-crashes",
    "PULSE_DATABASE_TIMEOUT_SECONDS": "2",
    "PULSE_STALE_AFTER_SECONDS": "3",
    "PULSE_REDIS_TIMEOUT_SECONDS": "0.5",
}
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")


def environment(data_dir: Path, database_url: str, redis_url: str) -> dict[str, str]:
    """The complete environment of a program of the project."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    urls = {"PULSE_DATABASE_URL": database_url, "PULSE_REDIS_URL": redis_url}
    return {**passed_on, **_SETTINGS, **urls, "PULSE_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"}


def web_process(name: str, port: int, logs: Path, env: dict[str, str], clock: Path) -> LocalProcess:
    """A web process on `port` for all events, not yet started. The file `clock` holds how its clock is shifted."""
    # Like that of `pulse up`, but with one process each, so that two of them stand for two machines.
    command = web_command(port, processes=1, app="crash.shifted_asgi:app")
    env = {**env, "PULSE_EVENTS": "all", "CRASH_CLOCK": str(clock)}
    return LocalProcess(command, logs, name=name, env=env, cwd=ROOT)


def set_clock(clock: Path, nanoseconds: int) -> None:
    """Shift the clock of the web process with this file by `nanoseconds`."""
    # In place: the web process maps the file, and a read while it is truncated would end it with SIGBUS.
    with clock.open("r+b" if clock.exists() else "wb") as file:
        file.write(struct.pack("q", nanoseconds))
