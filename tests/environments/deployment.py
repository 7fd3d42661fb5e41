"""The application in an environment, started as an operator starts it: migrated, then a web server and a worker."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from crash.parts import Part
from crash.programs import environment
from pulse_analytics.up.stack import web_command
from tests.servers.web import serving
from tests.servers.worker import ROOT, WorkerContainer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

VIEWERS = 1200
REPORTS_PER_SECOND = 250
START_SECONDS = 60.0
"""A busy machine takes this long to start two processes."""
FAILURES = ("InvalidSqlStatementName", "DuplicatePreparedStatement", "Unrecoverable error")
"""What no worker may log, whatever is killed."""


class Audit(NamedTuple):
    """The output of `pulse audit`."""

    closed: bool
    accepted: int
    counted: int
    """Raw events."""


class Deployment(NamedTuple):
    """A web server and a worker that are ready."""

    url: str
    worker: Part
    env: Mapping[str, str]

    def simulate(self, seed: int) -> subprocess.Popen[bytes]:
        """Start to simulate a day of viewing."""
        options = {"--viewers": VIEWERS, "--rate": REPORTS_PER_SECOND, "--seed": seed, "--url": self.url}
        words = [str(word) for option in options.items() for word in option]
        with self.worker.process.log_file.with_name("simulate.log").open("wb") as log:
            return subprocess.Popen(_pulse("simulate", *words), env=self.env, cwd=ROOT, stdout=log, stderr=log)

    def audit(self) -> Audit:
        """Run `pulse audit`."""
        command = _pulse("audit", "--json")
        done = subprocess.run(command, env=self.env, cwd=ROOT, stdout=subprocess.PIPE, check=False)
        self.worker.process.log_file.with_name("audit.json").write_bytes(done.stdout)
        figures = json.loads(done.stdout or '{"journal": {"accepted": 0}, "database": {"rows": 0}}')
        return Audit(done.returncode == 0, figures["journal"]["accepted"], figures["database"]["rows"])

    def failures(self) -> list[str]:
        """Lines of the worker's log that show a failure."""
        log = self.worker.process.log_file.read_text(encoding="utf-8", errors="replace")
        return [words for words in FAILURES if words in log]


@contextmanager
def deployed(folder: Path, redis_url: str, database_url: str, settings: Mapping[str, str]) -> Iterator[Deployment]:
    """The application on these servers; its logs are in `folder`."""
    folder.mkdir()
    env = {**environment(folder, database_url, redis_url), **settings}
    subprocess.run(_pulse("db", "upgrade"), env=env, cwd=ROOT, check=True, capture_output=True)
    container = WorkerContainer(folder, env, name="worker")
    worker = Part("worker", container.process, lambda: b" ready." in container.process.logs())
    try:
        worker.start()
        container.ready()
        with serving(web_command, env, folder, START_SECONDS) as web:
            yield Deployment(web.url, worker, env)
    finally:
        worker.remove()


def _pulse(*words: str) -> list[str]:
    return [sys.executable, "-m", "pulse_analytics", *words]
