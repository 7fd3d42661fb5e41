"""Fixtures for the real servers, in pytest-celery's structure; a conftest imports them with `import *`.

pytest-celery is a plugin, and only fixtures of a conftest always override those of a plugin; between plugins (`-p`,
`pytest_plugins`) the order decides. Its `celery_setup` is used unchanged; only the clusters and the client app below it
are ours. Four more fixtures describe the workers: `worker_env` (which the conftest defines), `worker_count`,
`worker_concurrency` and `worker_app`. `web` also needs the conftest's `settings`.
"""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from celery import Celery, _state
from pytest_celery import CeleryBrokerCluster, CeleryTestWorker, CeleryWorkerCluster, RedisTestBroker

from pulse_analytics.up.stack import web_command
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import SharedValkey, ValkeyContainer, start_valkey
from tests.servers.web import Web, serving
from tests.servers.worker import ROOT, WorkerContainer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pulse_analytics.config import Settings
    from tests.servers.web import Command

__all__ = [
    "celery_backend_cluster",
    "celery_broker_cluster",
    "celery_setup_app",
    "celery_setup_config",
    "celery_worker_cluster",
    "ending",
    "endings",
    "own_valkey",
    "postgres",
    "shared_valkey",
    "valkey",
    "web",
    "web_server",
    "worker_app",
    "worker_concurrency",
    "worker_count",
]


class WorkerApp(NamedTuple):
    """The module of `celery -A module`, and the folder to start it in."""

    module: str
    folder: Path


class Endings:
    """Ends servers while the next tests run, because a worker takes seconds to write its coverage data."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(thread_name_prefix="tests.endings")
        self._running: list[Future[None]] = []

    def begin(self, stack: ExitStack) -> None:
        """Close `stack` in the background."""
        self._running.append(self._threads.submit(stack.close))

    def wait(self) -> None:
        """Wait for everything in the background. Raises the first error."""
        while self._running:
            self._running.pop().result()


@pytest.fixture(scope="session")
def endings() -> Iterator[Endings]:
    """Ends servers while the next tests run, and all of them before the test run ends."""
    endings = Endings()
    yield endings
    endings.wait()


@pytest.fixture
def ending(endings: Endings) -> Iterator[ExitStack]:
    """What to end after the test, last in, first out. The next test does not wait for it."""
    with ExitStack() as stack:
        yield stack
        endings.begin(stack.pop_all())


@pytest.fixture(scope="session")
def postgres(endings: Endings) -> Iterator[PostgresServer]:
    """A PostgreSQL for the whole test run, started at its first use."""
    with PostgresServer() as server:
        yield server
        endings.wait()


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedValkey]:
    """A Valkey for the whole test run, started at its first use; tests use it through `valkey`."""
    shared = SharedValkey(tmp_path_factory.mktemp("valkey"))
    yield shared
    shared.end()


@pytest.fixture
def own_valkey(tmp_path: Path, ending: ExitStack) -> ValkeyContainer:
    """This test's own Valkey, which it may kill, freeze and configure."""
    container = start_valkey(tmp_path / "valkey")
    ending.callback(container.teardown)
    return container


@pytest.fixture
def valkey(request: pytest.FixtureRequest) -> Iterator[ValkeyContainer]:
    """An empty Valkey: the test's own if it uses `own_valkey` or workers, else the shared one.

    A test that leaves the shared one killed, frozen or reconfigured fails.
    """
    if {"own_valkey", "celery_worker_cluster"}.intersection(request.fixturenames):
        yield request.getfixturevalue("own_valkey")
    else:
        shared: SharedValkey = request.getfixturevalue("shared_valkey")
        with shared.lent() as container:
            yield container


@pytest.fixture
def worker_count(request: pytest.FixtureRequest) -> int:
    """How many workers; override it, or parametrize it indirectly."""
    return int(getattr(request, "param", 1))


@pytest.fixture
def worker_concurrency(request: pytest.FixtureRequest) -> int:
    """How many processes each worker has; override it, or parametrize it indirectly."""
    return int(getattr(request, "param", 2))


@pytest.fixture
def web_server() -> Command:
    """The command of the web server: that of `pulse up`."""
    return web_command


@pytest.fixture
def web(web_server: Command, settings: Settings, worker_env: dict[str, str], tmp_path: Path) -> Iterator[Web]:
    """The web server, on the test's Valkey and database."""
    with serving(web_server, {**worker_env, "PULSE_REDIS_URL": settings.redis_url}, tmp_path) as web:
        yield web


@pytest.fixture
def worker_app() -> WorkerApp:
    """The app that the workers run: the project's."""
    return WorkerApp("celery_app", ROOT)


@pytest.fixture
def celery_broker_cluster(valkey: ValkeyContainer) -> CeleryBrokerCluster:
    """One broker: `valkey`."""
    return CeleryBrokerCluster(RedisTestBroker(valkey))


@pytest.fixture
def celery_backend_cluster() -> None:
    """No result backend: a task's result is what it wrote to the database."""


@pytest.fixture
def celery_worker_cluster(
    own_valkey: ValkeyContainer,
    worker_env: dict[str, str],
    worker_app: WorkerApp,
    worker_count: int,
    worker_concurrency: int,
    celery_setup_app: Celery,
    tmp_path: Path,
    ending: ExitStack,
) -> CeleryWorkerCluster:
    """`worker_count` workers with `worker_env` and the URL of `own_valkey`, all ready."""
    env = {**worker_env, "PULSE_REDIS_URL": own_valkey.url}
    containers = [
        WorkerContainer(
            tmp_path, env, worker_concurrency, f"worker{number}", module=worker_app.module, cwd=worker_app.folder
        )
        for number in range(1, worker_count + 1)
    ]
    ending.callback(_end, containers)
    # Start all at once, then wait for each.
    for container in containers:
        container.process.start()
    for container in containers:
        container.ready()
    return CeleryWorkerCluster(*(CeleryTestWorker(container, celery_setup_app) for container in containers))


@pytest.fixture
def celery_setup_config(celery_broker_cluster: CeleryBrokerCluster) -> dict[str, Any]:
    """The configuration of the test's own Celery app, which only sends."""
    return {
        "broker_url": celery_broker_cluster.config()["host_urls"][0],
        "task_default_queue": WorkerContainer.worker_queue(),
        "task_ignore_result": True,
    }


@pytest.fixture
def celery_setup_app(celery_setup_config: dict[str, Any]) -> Iterator[Celery]:
    """The test's own Celery app. Restarting a node makes it Celery's current app, at most until the test ends."""
    local: Any = vars(_state)["_tls"]
    current = local.current_app
    app = Celery("test", set_as_current=False)
    app.config_from_object(celery_setup_config)
    yield app
    app.close()
    local.current_app = current


def _end(workers: list[WorkerContainer]) -> None:
    # Killing is quick and a warm shutdown takes seconds, but a killed process does not write its coverage data.
    if "COVERAGE_PROCESS_CONFIG" in os.environ:
        for worker in workers:
            worker.process.kill_main("SIGTERM")
        for worker in workers:
            worker.stop(timeout=30)
    for worker in workers:
        worker.teardown()
