"""Where systems are installed, and one installation; configured as by `pulse up`, including durable databases."""

from __future__ import annotations

import itertools
import shutil
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.exceptions import ResponseError

from benchmarks.traffic import Reports
from benchmarks.versions import PRESENT, Version
from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.database import db
from tests.conftest import TOKEN, migrate
from tests.facts import Facts
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import start_valkey
from tests.servers.worker import WorkerContainer, start_worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from pulse_analytics.ingest.journal import Journal

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
POLL_SECONDS = 0.02
_names = map("bench_{}".format, itertools.count(1))


class Place:
    """Where systems are installed: a folder, one Valkey and, from its first use, one PostgreSQL."""

    def __init__(self, folder: Path, postgres: PostgresServer | None = None) -> None:
        self.folder = folder
        self._postgres = postgres
        self._stack = ExitStack()
        self._next_report = 1

    def __enter__(self) -> Place:
        container = start_valkey(self.folder / "valkey")
        self._stack.callback(container.teardown)
        self.redis_port = container.port
        self.valkey = self._stack.enter_context(self.redis(0))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def postgres(self) -> PostgresServer:
        """The PostgreSQL, started at the first use."""
        if self._postgres is None:
            self._postgres = self._stack.enter_context(PostgresServer(durable=True))
        return self._postgres

    def redis_url(self, number: int = 0) -> str:
        """The URL of one of Valkey's sixteen databases."""
        return f"redis://127.0.0.1:{self.redis_port}/{number}"

    def redis(self, number: int) -> closing[Redis]:
        """A client of one of Valkey's sixteen databases."""
        return closing(Redis.from_url(self.redis_url(number), decode_responses=True))

    def calm(self) -> None:
        """Wait until Valkey does nothing in the background that would disturb the measurement."""
        valkey: Any = self.valkey
        with suppress(ResponseError):  # A rewrite is already running.
            valkey.bgrewriteaof()
        while (
            valkey.info("persistence")["aof_rewrite_in_progress"] or valkey.info("memory")["lazyfree_pending_objects"]
        ):
            time.sleep(POLL_SECONDS)

    def reports(self, count: int, videos: int) -> Reports:
        """`count` reports that were not used before."""
        first, self._next_report = self._next_report, self._next_report + count
        return Reports(first=first, count=count, videos=videos, now=time.time_ns() // 1_000_000)

    @contextmanager
    def system(self, database: str, number: int = 0, *, version: Version = PRESENT, **changes: str) -> Iterator[System]:
        """A system with a new, migrated database, on Valkey's emptied database `number`; removed on exit."""
        name = next(_names)
        folder = self.folder / name
        folder.mkdir()
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, folder)
            url = f"sqlite:///{folder / 'pulse.db'}"
            if database == "postgresql":
                url = self.postgres.create_database(name)
                stack.callback(self.postgres.drop_database, name)
            redis = stack.enter_context(self.redis(number))
            redis.flushdb()
            env = {
                "PULSE_DATA_DIR": str(folder),
                "PULSE_REDIS_URL": self.redis_url(number),
                "PULSE_DATABASE_URL": url,
                "PULSE_ADMIN_TOKEN": TOKEN,
                **changes,
            }
            yield stack.enter_context(System(folder, env, redis, version))


class System:
    """One installation: its application in this process, to fill it and to read it, and its programs once started.

    The programs are of the given version. Reading always uses the present version, with plain Redis commands and SQL.
    """

    def __init__(self, folder: Path, env: dict[str, str], redis: Redis, version: Version = PRESENT) -> None:
        self.folder = folder
        self.env = env
        self.redis = redis
        self.version = version
        settings = Settings.parse(env, folder)
        if version == PRESENT:
            migrate(settings)
        else:
            version.migrate(env)
        self.app: Flask = create_app(settings)
        self.facts = Facts(self.app, redis)

    def __enter__(self) -> System:
        return self

    def __exit__(self, *_: object) -> None:
        with self.app.app_context():
            db.engine.dispose()
        self.journal.redis.close()
        self.app.extensions["celery"].close()

    @property
    def url(self) -> str:
        """Its database's URL."""
        return self.env["PULSE_DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        """Its Redis' URL."""
        return self.env["PULSE_REDIS_URL"]

    @property
    def journal(self) -> Journal:
        """Its journal."""
        journal: Journal = self.app.extensions["pulse_journal"]
        return journal

    def client(self) -> FlaskClient:
        """A client of the application without an HTTP server in between."""
        return self.app.test_client()

    def fill(self, reports: Reports) -> None:
        """Accept these reports."""
        for batch in reports.batches():
            assert all(self.journal.accept(batch).accepted)

    def wake(self) -> None:
        """Send a wake-up to a worker."""
        self.app.extensions["celery"].send_task("pulse_analytics.persist_events")

    @contextmanager
    def worker(self, processes: int) -> Iterator[WorkerContainer]:
        """A Celery worker with this many processes."""
        env = {**self.env, **self.version.path}
        container = start_worker(self.folder, env, processes, f"worker{processes}", cwd=self.version.folder)
        try:
            yield container
        finally:
            container.teardown()
