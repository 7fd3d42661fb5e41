"""Web servers on a free loopback port, and a worker that drains a journal."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.place import POLL_SECONDS
from benchmarks.versions import PRESENT, Version, environment
from pulse_analytics.config import LINGER_SECONDS
from pulse_analytics.up.program import http_lacks
from tests.facts import wait_until
from tests.servers import reaper
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.place import System
    from benchmarks.traffic import Reports
    from tests.servers.worker import WorkerContainer

_START_SECONDS = 30
_GRANIAN = "--interface wsgi --host 127.0.0.1 --workers 2 --blocking-threads 8 --workers-kill-timeout 5"
"""The options with which `pulse up` served version 0.1.0. Rivals keep them, so that runs remain comparable."""


class Server(NamedTuple):
    """A web server that is ready."""

    port: int
    process: LocalProcess

    def cpu_seconds(self) -> float:
        """The CPU time of all its processes."""
        ticks = sum(_ticks(pid) for pid in reaper.members(self.process.pid))
        return ticks / os.sysconf("SC_CLK_TCK")


def drain(system: System, worker: WorkerContainer, reports: Reports) -> float:
    """Accept these reports while the worker is frozen, then resume it. Returns events per second until all are counted.

    Checks that the database holds as many more events as there are reports.
    """
    rows, accepted = system.facts.rows(), system.facts.ledger()["settled"]
    worker.process.pause()
    system.fill(reports)
    system.wake()
    started = time.monotonic()
    worker.process.unpause()
    while system.facts.waiting():
        time.sleep(POLL_SECONDS)
    seconds = time.monotonic() - started
    # Let the drain end before the worker is frozen again: if it is frozen while it lingers, for longer than its time
    # limit, it is killed together with the entries that it has taken.
    time.sleep(3 * LINGER_SECONDS)
    assert system.facts.rows() - rows == reports.count
    assert system.facts.ledger()["settled"] - accepted == reports.count
    return reports.count / seconds


@contextmanager
def web_server(folder: Path, env: Mapping[str, str], version: Version = PRESENT) -> Iterator[Server]:
    """A version of pulse_analytics, served as by its `pulse up`."""
    port = free_port()
    heartbeats = folder / f"web-{port}" / "heartbeats"
    heartbeats.mkdir(parents=True)
    env = {**env, **version.path, "PULSE_HEARTBEAT_DIR": str(heartbeats)}
    with running(folder, "web", version.web_command(port), port, env, version.folder) as server:
        yield server


@contextmanager
def wsgi_server(folder: Path, env: Mapping[str, str], app: str) -> Iterator[Server]:
    """A rival's WSGI application behind granian."""
    port = free_port()
    options = [*_GRANIAN.split(), "--port", str(port), "--no-ws", "--no-access-log", "--respawn-failed-workers"]
    with running(folder, app.partition(":")[0], [sys.executable, "-m", "granian", *options, app], port, env) as server:
        yield server


@contextmanager
def running(
    folder: Path, name: str, command: Sequence[str], port: int, env: Mapping[str, str], cwd: Path = ROOT
) -> Iterator[Server]:
    """A web server that answers GET /readyz with 200; its log is in `folder`."""
    process = LocalProcess(command, folder, name=name, env=environment(env), cwd=cwd)
    process.start()
    try:
        wait_until(lambda: process.status == "exited" or http_lacks(port, "/readyz") is None, _START_SECONDS)
        assert process.status == "running", process.logs().decode(errors="replace")
        yield Server(port, process)
    finally:
        process.stop()


def _ticks(pid: int) -> int:
    """The CPU time of a process and of its reaped children, in clock ticks; 0 if it has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        # The process name, in parentheses, may contain spaces.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return sum(map(int, fields[11:15]))
    return 0
