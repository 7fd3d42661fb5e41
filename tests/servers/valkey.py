"""The real Valkey of `pulse up`, as pytest-celery's Redis container."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_celery import RedisContainer
from redis import Redis

from pulse_analytics.up.valkey import valkey_command
from tests.servers.container import LocalContainer
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.debian import Program


def start_valkey(directory: Path, program: Program | None = None) -> ValkeyContainer:
    """Start a Valkey, with its data and log in `directory`. It keeps data and port over restarts."""
    container = ValkeyContainer(directory, free_port(), program)
    container.start()
    with Redis.from_url(container.url) as client:
        client.ping()
    return container


class ValkeyContainer(LocalContainer, RedisContainer):  # type: ignore[misc]  # pytest-celery is not typed
    """A Valkey on 127.0.0.1 at `port`, configured as by `pulse up`. Call `teardown` when done."""

    def __init__(self, directory: Path, port: int, program: Program | None = None) -> None:
        """`program`: another server that takes the same options."""
        directory.mkdir(parents=True, exist_ok=True)
        self._port = port
        command, env = valkey_command(directory, port), None
        if program is not None:
            command[0], env = program
        super().__init__(LocalProcess(command, directory, name="valkey", env=env))

    @property
    def hostname(self) -> str:
        """The address on which it listens."""
        return "127.0.0.1"

    @property
    def port(self) -> int:
        """The TCP port on which it listens."""
        return self._port

    @property
    def url(self) -> str:
        """Its URL, like `redis://127.0.0.1:PORT/0`."""
        return f"{self.prefix()}{self.hostname}:{self.port}/{self.vhost}"

    @property
    def host_url(self) -> str:
        """The same as `url`, because tests and workers share one network."""
        return self.url


class SharedValkey:
    """A Valkey that tests use one after another. Call `end` when done."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._starts = 0
        self._container = self._start()

    @contextmanager
    def lent(self) -> Iterator[ValkeyContainer]:
        """Lend it, empty. Fails if the test leaves it killed, frozen or reconfigured; the next test gets a new one."""
        self._redis.flushall()
        before = self._settings()
        yield self._container
        if self._container.status == "running" and self._settings() == before:
            return
        self.end()
        self._container = self._start()
        raise AssertionError("This test killed, froze or configured the shared Valkey: let it ask for `own_valkey`.")

    def end(self) -> None:
        """End the server."""
        self._redis.close()
        self._container.teardown()

    def _start(self) -> ValkeyContainer:
        self._starts += 1
        container = start_valkey(self._directory / str(self._starts))
        self._redis: Any = Redis.from_url(container.url, decode_responses=True)
        return container

    def _settings(self) -> tuple[object, ...]:
        """What a test must not change: everything but the data."""
        return self._container.process.pid, self._redis.config_get("*"), self._redis.acl_list()
