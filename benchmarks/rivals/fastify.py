"""The Node rival: the system that this project replaces.

This module installs and runs it. node/README.md says what it is and why the comparison is fair.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from benchmarks.servers import Server, running
from benchmarks.versions import environment
from tests.facts import wait_until
from tests.once import locked
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis

    from benchmarks.place import Place

QUEUE = "queue:analytics"
OLDEST_NODE = 20
PROCESSES = (1, 2)
"""Processes of the web server, and of the worker if there is one. The faster of the two rivals counts."""
_FOLDER = Path(__file__).parent / "node"
_INSTALLED = _FOLDER / "node_modules" / ".installed-package-lock.json"
_INSTALL_SECONDS = 100
_START_SECONDS = 30
_RECORD_SECONDS = 30


def name(processes: int) -> str:
    """The rival's name in a table."""
    return f"Node rival, {processes} process{'es' if processes > 1 else ''}"


@cache
def lacks() -> str | None:
    """Why the Node rival cannot run, as a sentence, or None if it can. Installs its packages if they are missing."""
    found = _node()
    if found is None or _major(found) < OLDEST_NODE or shutil.which("npm", path=_path()) is None:
        return f"The Node rival is left out: there is no Node {OLDEST_NODE} or newer with npm on the PATH."
    with locked("node-rival"):  # `npm ci` starts by deleting packages that another process may just have installed.
        return None if _is_installed() or _install() else "The Node rival is left out: npm cannot install its packages."


def versions() -> str:
    """The versions of Node and of the packages, if the rival can run."""
    lock: dict[str, Any] = json.loads((_FOLDER / "package-lock.json").read_text(encoding="utf-8"))
    packages = lock["packages"]
    said = [f"{each} {packages[f'node_modules/{each}']['version']}" for each in packages[""]["dependencies"]]
    return ", ".join([f"node {_version(_node() or 'node')}", *said])


@contextmanager
def web(place: Place, redis_url: str, processes: int) -> Iterator[Server]:
    """Its web server, ready to answer."""
    port = free_port()
    command = [_node() or "node", str(_FOLDER / "web.mjs"), str(port), redis_url, str(processes)]
    with running(place.folder, f"node-web{processes}", command, port, {}) as server:
        yield server


@contextmanager
def system(place: Place, number: int, processes: int) -> Iterator[NodeSystem]:
    """Web server and workers, on their own PostgreSQL database and on Valkey's emptied database `number`."""
    database = f"node_rival{processes}"
    with ExitStack() as stack:
        url = place.postgres.create_database(database)
        stack.callback(place.postgres.drop_database, database)
        redis = stack.enter_context(place.redis(number))
        redis.flushdb()
        for worker in range(processes):
            command = [_node() or "node", str(_FOLDER / "worker.mjs"), place.redis_url(number), url]
            process = LocalProcess(command, place.folder, name=f"node-worker{processes}-{worker}", env=_environment())
            stack.callback(process.remove)
            process.start()
            wait_until(partial(_is_ready, process), _START_SECONDS)
        server = stack.enter_context(web(place, place.redis_url(number), processes))
        connection = stack.enter_context(psycopg.connect(url, autocommit=True))
        yield NodeSystem(name(processes), server, redis, connection)


class NodeSystem:
    """A Node rival that accepts and counts, and queries of its state."""

    def __init__(self, who: str, server: Server, redis: Redis, connection: psycopg.Connection) -> None:
        self.who = who
        self.port = server.port
        self._redis: Any = redis
        self._connection = connection

    def rows(self) -> int:
        """How many raw events there are."""
        [row] = self._connection.execute("SELECT count(*) FROM video_events")
        return int(row[0])

    def counts(self) -> dict[str, int]:
        """The counters by video."""
        return dict(self._connection.execute("SELECT video_id, watched_50_count FROM video_metrics").fetchall())

    def waiting(self) -> int:
        """How many events are in the queue."""
        return int(self._redis.llen(QUEUE))

    def forget_what_waits(self) -> int:
        """Empty the queue. Returns how many events were in it."""
        with self._redis.pipeline(transaction=True) as pipeline:
            waiting, _ = pipeline.llen(QUEUE).delete(QUEUE).execute()
        return int(waiting)

    def assert_exact(self, least: int, most: int) -> None:
        """Wait until `least` to `most` events are recorded and every counter equals the number of its events."""
        raw = "SELECT video_id, count(*) FROM video_events GROUP BY video_id"
        wait_until(
            lambda: least <= self.rows() <= most and self.counts() == dict(self._connection.execute(raw).fetchall()),
            _RECORD_SECONDS,
        )


def _is_ready(process: LocalProcess) -> bool:
    said = process.logs().decode(errors="replace")
    assert process.status == "running", said
    return "ready." in said


def _install() -> bool:
    """Install the packages of the lock file. Returns whether npm succeeded."""
    command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=0"]
    try:
        subprocess.run(  # noqa: S603 - nothing of a user's
            command, cwd=_FOLDER, env=_environment(), check=True, stdout=sys.stderr, timeout=_INSTALL_SECONDS
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return False
    shutil.copy(_FOLDER / "package-lock.json", _INSTALLED)
    return True


def _is_installed() -> bool:
    lock = _FOLDER / "package-lock.json"
    return _INSTALLED.exists() and _INSTALLED.read_bytes() == lock.read_bytes()


def _path() -> str:
    """Where to look for Node: on the PATH, and beside this Python, where bin/frontend installs it."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])


def _environment() -> dict[str, str]:
    return environment({"PATH": _path()})


def _node() -> str | None:
    return shutil.which("node", path=_path())


def _major(program: str) -> int:
    found = re.match(r"\d+", _version(program))
    return int(found[0]) if found else 0


@cache
def _version(program: str) -> str:
    done = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout.strip().removeprefix("v")
