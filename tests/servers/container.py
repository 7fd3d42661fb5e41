"""pytest-celery's container over a local process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_celery import CeleryTestContainer
from pytest_docker_tools.exceptions import ContainerFailed

if TYPE_CHECKING:
    from tests.servers.local_process import LocalProcess

_POLL_SECONDS = 0.02


class LocalContainer(CeleryTestContainer):  # type: ignore[misc]  # pytest-celery is not typed
    """A pytest-celery container over a LocalProcess."""

    def __init__(self, process: LocalProcess) -> None:
        super().__init__(process)
        self.process = process

    def start(self) -> None:
        """Start the process and wait until it is ready. Raises ContainerFailed if it ends first."""
        self.process.start()
        self.ready()

    def stop(self, timeout: float = 10) -> None:
        """Ask the process to stop; after `timeout` seconds, SIGKILL what is left of it."""
        self.process.stop(timeout)

    def teardown(self) -> None:
        """End the process and all that it started."""
        self.process.remove()

    def logs(self) -> str:
        """The output since the last start, so that `ready.` in it is about this start."""
        # While a line is being written, it may end in the middle of a character.
        return self.process.logs().decode(errors="replace")

    def _wait_ready(self, timeout: float = 30) -> bool:
        """Wait for the ready prompt. Raises ContainerFailed if the process ends first, or after `timeout` seconds.

        pytest-celery's own method polls once a second and does not notice a process that ended.
        """
        deadline = time.monotonic() + timeout
        while (self.ready_prompt or "") not in self.logs():
            if self.status == "exited" or time.monotonic() > deadline:
                raise ContainerFailed(self, f"{self.name} is {self.status} and not ready:\n{self.logs()[-4000:]}")
            time.sleep(_POLL_SECONDS)
        return True
