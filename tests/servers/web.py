"""The web server of `pulse up`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from pulse_analytics.up.program import http_lacks
from pulse_analytics.up.stack import web_command
from tests.facts import wait_until
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Web(NamedTuple):
    """A web server that answers."""

    process: LocalProcess
    port: int

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(app: str, env: Mapping[str, str], folder: Path) -> Iterator[Web]:
    """The server of the ASGI application `app`; its log is in `folder`."""
    port = free_port()
    process = LocalProcess(web_command(port, app=app), folder, name="web", env=env, cwd=ROOT)
    process.start()
    try:
        wait_until(lambda: http_lacks(port, "/readyz") is None)
        yield Web(process, port)
    finally:
        process.remove()
