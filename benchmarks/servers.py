"""A web server with the flags of `pulse up` on a free port of loopback, and a worker that drains a journal."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.place import POLL_SECONDS
from pulse_analytics.config import LINGER_SECONDS, Settings
from pulse_analytics.up.program import http_lacks
from pulse_analytics.up.stack import web
from tests.facts import wait_until
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from benchmarks.place import System
    from benchmarks.traffic import Reports
    from tests.servers.worker import WorkerContainer

_START_SECONDS = 30


def drain(system: System, worker: WorkerContainer, reports: Reports) -> float:
    """Have these accepted while the worker is frozen, then let it go on; events per second until all are counted.

    Checks that the database holds that many more.
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
    # A run that is frozen while it lingers, for longer than a run may take, is killed with what it has taken by then.
    time.sleep(3 * LINGER_SECONDS)
    assert system.facts.rows() - rows == reports.count
    assert system.facts.ledger()["settled"] - accepted == reports.count
    return reports.count / seconds


@contextmanager
def web_server(folder: Path, env: Mapping[str, str], app: str = "wsgi:app", path: str = "/readyz") -> Iterator[int]:
    """A WSGI application behind granian with the flags of `pulse up`; the port, once `path` answers with 200."""
    port = free_port()
    *command, _ = web(Settings(port=port)).command
    process = LocalProcess([*command, app], folder, name=app.partition(":")[0], env=environment(env), cwd=ROOT)
    process.start()
    try:
        wait_until(lambda: process.status == "exited" or http_lacks(port, path) is None, _START_SECONDS)
        assert process.status == "running", process.logs().decode(errors="replace")
        yield port
    finally:
        process.stop()


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """What a program of ours gets: `env`, and of this process' environment what is none of ours."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}, **env}
