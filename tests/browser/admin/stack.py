"""The stack behind the admin page, each part of which can be stopped for a while."""

from __future__ import annotations

import itertools
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import urllib3
from redis import Redis

from tests.browser.admin.database import Database
from tests.browser.admin.web import Web, environment
from tests.conftest import TOKEN
from tests.facts import report, wait_until
from tests.servers.valkey import start_valkey
from tests.servers.worker import ROOT, WorkerContainer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.postgres import PostgresServer

JOURNAL, DEAD_LETTERS = "queue:analytics", "queue:analytics:dead"
_COMMAND_SECONDS = 60

_http = urllib3.PoolManager(retries=False, timeout=10)
_viewers = itertools.count(1)


class AdminStack:
    """Valkey, web and worker, on a migrated database that the caller owns. The context's exit ends the three.

    `without_...` and `with_...` restore the stack when their block ends.
    """

    def __init__(self, folder: Path, database_url: str, postgres: PostgresServer | None = None) -> None:
        self._folder = folder
        self._postgres = postgres
        self._valkey = start_valkey(folder / "valkey")
        self._redis: Any = Redis.from_url(self._valkey.url, decode_responses=True)
        self.database = Database(database_url, folder)
        self.env = {
            "PULSE_DATA_DIR": str(folder),
            "PULSE_DATABASE_URL": database_url,
            "PULSE_REDIS_URL": self._valkey.url,
            "PULSE_ADMIN_TOKEN": TOKEN,
            "PULSE_DATABASE_TIMEOUT_SECONDS": "2",
            "PULSE_STALE_AFTER_SECONDS": "3",
        }
        self._web = Web(folder, self.env)
        self._worker = WorkerContainer(folder, self.env, concurrency=1)
        self.url = self._web.url

    def __enter__(self) -> Self:
        self._worker.process.start()
        self._web.start()
        self._worker.ready()
        return self

    def __exit__(self, *_: object) -> None:
        self._web.kill()
        self._worker.teardown()
        self._redis.close()
        self._valkey.teardown()

    def another_web(self, *, port: int | None = None, **changes: str) -> Web:
        """A web process, not yet started, of the same stack with other settings; an empty value unsets one."""
        return Web(self._folder, {**self.env, **changes}, port=port)

    def simulate(self, viewers: int, videos: int) -> None:
        """Run `pulse simulate`, which must find every count correct."""
        self._pulse("simulate", "--viewers", str(viewers), "--videos", str(videos), "--url", self.url)

    def watch(self, video_id: str, times: int = 1) -> None:
        """Report `times` views by new viewers."""
        for _ in range(times):
            answer = _http.request("POST", f"{self.url}/analytics", json=report(video_id, f"viewer-{next(_viewers)}"))
            assert answer.status == 202, answer.data

    def wait_until_counted(self) -> None:
        """Wait until the journal is empty."""
        wait_until(lambda: self._redis.xlen(JOURNAL) == 0)

    def forget_wrong_tries(self) -> None:
        """Reset the limit on failed sign-ins."""
        for key in self._redis.scan_iter("pulse:sign-in:*"):
            self._redis.delete(key)

    @contextmanager
    def with_dead_letters(self, number: int) -> Iterator[None]:
        """While it lasts, `number` events that can never be recorded are dead letters."""
        for _ in range(number):
            self._redis.xadd(JOURNAL, {"garbage": "1"})
        wait_until(lambda: self._redis.xlen(DEAD_LETTERS) == number)
        try:
            yield
        finally:
            self._redis.delete(DEAD_LETTERS)
            self._redis.hincrby("pulse:ledger", "parked", -number)

    @contextmanager
    def with_frozen_worker(self) -> Iterator[None]:
        """While it lasts, the worker hangs."""
        self._worker.process.pause()
        try:
            yield
        finally:
            self._worker.process.unpause()

    @contextmanager
    def without_worker(self) -> Iterator[None]:
        """While it lasts, the worker is killed."""
        self._worker.process.kill()
        try:
            yield
        finally:
            self._worker.start()

    @contextmanager
    def without_database(self) -> Iterator[None]:
        """While it lasts, PostgreSQL is shut down."""
        assert self._postgres is not None, "SQLite is a file: there is nothing to stop."
        self._postgres.stop()
        try:
            yield
        finally:
            self._postgres.start()

    @contextmanager
    def without_journal(self) -> Iterator[None]:
        """While it lasts, Valkey is killed."""
        self._valkey.kill("SIGKILL")
        try:
            yield
        finally:
            self._valkey.start()

    @contextmanager
    def without_web(self) -> Iterator[None]:
        """While it lasts, the web process is killed."""
        self._web.kill()
        try:
            yield
        finally:
            self._web.start()

    def _pulse(self, *arguments: str) -> None:
        """Run a `pulse` command, which must exit with 0."""
        command = [sys.executable, "-m", "pulse_analytics", *arguments]
        env = environment(self.env)
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=_COMMAND_SECONDS
        )
        assert done.returncode == 0, done.stdout + done.stderr
