"""One web process, as `pulse up` starts it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

import urllib3

from pulse_analytics.config import Settings
from pulse_analytics.up.stack import web
from tests.facts import wait_until
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_http = urllib3.PoolManager(retries=False, timeout=10)


class Web:
    """A web process on its own port, which it keeps over restarts. The context's exit ends it."""

    def __init__(self, folder: Path, env: Mapping[str, str], *, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = web(Settings.parse({"PULSE_PORT": str(self.port)}, folder)).command
        self._process = LocalProcess(command, folder, name=f"web-{self.port}", env=environment(env), cwd=ROOT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it answers; fail, with its log, if it ends first."""
        self._process.start()
        wait_until(lambda: self._answers() or self._process.status == "exited")
        assert self._process.status == "running", self._process.logs().decode()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._process.kill()

    def _answers(self) -> bool:
        try:
            return _http.request("GET", f"{self.url}/healthz").status == 200
        except urllib3.exceptions.HTTPError:
            return False


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process of the project: ours, with no other settings than those in `env`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
    return {**clean, **env, "PYTHONUNBUFFERED": "1"}
