"""A real Celery worker of the project, as pytest-celery's worker container."""

from __future__ import annotations

import importlib.metadata
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_celery import CeleryWorkerContainer

from tests.servers.container import LocalContainer
from tests.servers.local_process import LocalProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]

_PASSED_ON = ("HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


def start_worker(
    directory: Path,
    env: Mapping[str, str],
    concurrency: int = 2,
    name: str = "pulse",
    *,
    module: str = "celery_app",
    cwd: Path = ROOT,
) -> WorkerContainer:
    """Start a worker, with its log in `directory`, and with no more environment than `env` and the bare minimum.

    Raises ContainerFailed, with its log, if it ends before it is ready.
    """
    container = WorkerContainer(directory, env, concurrency, name, module=module, cwd=cwd)
    container.start()
    return container


class WorkerContainer(LocalContainer, CeleryWorkerContainer):  # type: ignore[misc]  # pytest-celery is not typed
    """`celery -A module worker`, not yet started. Call `teardown` when done."""

    def __init__(
        self,
        directory: Path,
        env: Mapping[str, str],
        concurrency: int = 2,
        name: str = "pulse",
        *,
        module: str = "celery_app",
        cwd: Path = ROOT,
    ) -> None:
        container_id = secrets.token_hex(32)
        # pytest-celery expects the node name `name@id[:12]`, because that is the host name in Docker.
        node = f"{name}@{container_id[:12]}"
        command = [sys.executable, "-m", "celery", "-A", module, "worker", "--loglevel", self.log_level(), "-n", node]
        self._name = name
        super().__init__(
            LocalProcess(
                [*command, "--concurrency", str(concurrency)],
                directory,
                name=name,
                env=_environment(env),
                cwd=cwd,
                container_id=container_id,
            )
        )

    @classmethod
    def version(cls) -> str:
        """The installed version of Celery."""
        return importlib.metadata.version("celery")

    def worker_name(self) -> str:
        """The part of the node's name before the @."""
        return self._name

    @classmethod
    def worker_queue(cls) -> str:
        """The queue that the project's app consumes by default."""
        return "pulse.persist"


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {"PATH": path, "PYTHONUNBUFFERED": "1", **passed_on, **env}
