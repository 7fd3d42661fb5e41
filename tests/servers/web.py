"""A web server of the application."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from pulse_analytics.up.program import http_lacks
from tests.facts import wait_until
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    Command = Callable[[int], Sequence[str]]
    """The command line of a server, by its port."""


class Web(NamedTuple):
    """A web server that is ready."""

    process: LocalProcess
    port: int

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(command: Command, env: Mapping[str, str], folder: Path, seconds: float = 20.0) -> Iterator[Web]:
    """Run the server that `command` starts, ready in `seconds`, with its log in `folder`, until the context ends."""
    port = free_port()
    process = LocalProcess(command(port), folder, name="web", env=env, cwd=ROOT)
    process.start()
    try:
        wait_until(lambda: http_lacks(port, "/readyz") is None, seconds)
        yield Web(process, port)
    finally:
        process.remove()
