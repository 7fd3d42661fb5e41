"""With Sentinels: when the primary changes, web processes, workers and tools switch to the new one by themselves."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
import urllib3

from pulse_analytics.app import create_app
from pulse_analytics.audit.commands import audit_command
from pulse_analytics.config import Settings
from pulse_analytics.monitor import USER
from pulse_analytics.web.application import Application
from tests.conftest import TOKEN
from tests.contract.asgi_client import AsgiClient
from tests.facts import Facts, report, wait_until
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.sentinels import NAME, Watched, watched
from tests.servers.worker import ROOT, WorkerContainer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.servers.web import Web

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

http = urllib3.PoolManager(retries=False, timeout=5, maxsize=8)
JSON = ("Content-Type", "application/json")
BACK_OFF_SECONDS = 40
"""Celery's longest pause before it tries to connect again is 30 s."""


@pytest.fixture
def replicas(request: pytest.FixtureRequest) -> int:
    """How many replicas the primary has; parametrize it indirectly."""
    return int(getattr(request, "param", 1))


@pytest.fixture
def servers(tmp_path: Path, replicas: int) -> Iterator[Watched]:
    with watched(tmp_path, replicas) as servers:
        yield servers


@pytest.fixture
def settings(worker_env: dict[str, str], servers: Watched, tmp_path: Path) -> Settings:
    return Settings.parse({**worker_env, "PULSE_REDIS_URL": servers.url}, tmp_path)


@pytest.fixture
def facts(app: Flask, servers: Watched) -> Iterator[Facts]:
    facts = Facts(app, servers.redis())
    yield facts
    facts.close()


@pytest.fixture
def worker(worker_env: dict[str, str], servers: Watched, tmp_path: Path, ending: ExitStack) -> WorkerContainer:
    container = WorkerContainer(tmp_path, {**worker_env, "PULSE_REDIS_URL": servers.url})
    ending.callback(container.teardown)
    container.start()
    return container


def test_after_a_planned_failover_reports_are_accepted_and_counted_by_the_same_worker(
    app: Flask, client: FlaskClient, facts: Facts, servers: Watched, worker: WorkerContainer
) -> None:
    lane = AsgiClient(Application(app))  # Which has a connection of its own.

    def accepted(way: FlaskClient | AsgiClient, user_id: str) -> bool:
        answer = way.open("/analytics", method="POST", headers=[JSON], data=json.dumps(report("v1", user_id)).encode())
        return answer.status_code == 202

    assert accepted(client, "u1")
    assert accepted(lane, "u2")
    facts.wait_until_settled()
    old = servers.primary()
    # Without this word the old primary takes reports for about 10 s more, which are lost (docs/operations.md).
    servers.command("FAILOVER", NAME, "COORDINATED")
    wait_until(lambda: servers.primary() is not old)
    wait_until(lambda: accepted(client, "u3"))
    wait_until(lambda: accepted(lane, "u4"))
    lane.close()
    facts.wait_until_settled(BACK_OFF_SECONDS)
    assert facts.counts() == {"v1": 4}
    assert worker.status == "running"


def test_readyz_names_the_server_that_does_not_answer(
    client: FlaskClient, settings: Settings, servers: Watched, tmp_path: Path
) -> None:
    def says(url: str) -> tuple[int, str]:
        values = {"PULSE_REDIS_URL": url, "PULSE_DATABASE_URL": settings.database_url}
        started = time.monotonic()
        answer = create_app(Settings.parse(values, tmp_path)).test_client().get("/readyz")
        assert time.monotonic() - started < 1
        return answer.status_code, answer.get_json()["checks"]["redis"]

    assert says(servers.url) == (200, "ok")
    known = "The Sentinels know no primary called other that is up"
    assert says(servers.url.replace(NAME, "other")) == (503, f"{known}.")
    [first, *others] = servers.sentinels.values()
    first.pause()
    assert says(servers.url) == (200, "ok")
    assert says(servers.url.replace(NAME, "other")) == (503, f"{known} (1 of 3 do not answer).")
    for process in others:
        process.pause()
    assert says(servers.url) == (503, "No Sentinel answers (TimeoutError).")
    # What is connected needs no Sentinel.
    assert client.post("/analytics", json=report()).status_code == 503
    for process in servers.sentinels.values():
        process.unpause()
    wait_until(lambda: client.post("/analytics", json=report()).status_code in {200, 202}, 5)
    for process in servers.sentinels.values():
        process.kill()
    assert client.post("/analytics", json=report("v1", "u2")).status_code == 202
    assert says(servers.url) == (503, "No Sentinel answers (ConnectionError).")


class Players:
    """Four players that report without a pause; each repeats a report until it is answered with 202 or 200."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/analytics"
        self._stop = threading.Event()
        self._users = itertools.count()
        self._threads = ThreadPoolExecutor(4)
        self.answered: set[str] = set()

    def __enter__(self) -> Players:
        self._running = [self._threads.submit(self._play) for _ in range(4)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for each in self._running:
            each.result()
        self._threads.shutdown()

    def go_on(self) -> bool:
        """Wait briefly, and return whether any of them is answered."""
        before = len(self.answered)
        time.sleep(0.1)
        return len(self.answered) > before

    def _play(self) -> None:
        while not self._stop.is_set():
            user = f"u{next(self._users)}"
            sent = report("v1", user)
            while self._post(sent) not in {200, 202}:
                time.sleep(0.1)
            self.answered.add(user)
            time.sleep(0.01)

    def _post(self, sent: dict[str, object]) -> int:
        started = time.monotonic()
        status = http.request("POST", self._url, json=sent).status
        assert time.monotonic() - started < 2
        return status


def celery(*words: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "celery_app", *words]


def flower_answers(port: int) -> bool:
    """Whether Flower answers with its page of workers."""
    headers = urllib3.make_headers(basic_auth=f"{USER}:{TOKEN}")
    try:
        return http.request("GET", f"http://127.0.0.1:{port}/workers", headers=headers).status == HTTPStatus.OK
    except urllib3.exceptions.HTTPError:
        return False


def inspect_stats(worker_env: dict[str, str], servers: Watched) -> bool:
    """Whether `celery inspect stats` finds a worker and reports how it reaches its broker."""
    env = {**worker_env, "PULSE_REDIS_URL": servers.url}
    done = subprocess.run(celery("inspect", "stats"), env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode == 0 and NAME in done.stdout


@pytest.mark.nightly
@pytest.mark.parametrize("replicas", [1, 2], indirect=True)
@pytest.mark.parametrize("changed_settings", [{"PULSE_REDIS_REPLICAS": "1"}])
def test_when_the_primary_is_killed_no_accepted_event_is_lost_and_all_parts_resume(
    app: Flask,
    web: Web,
    worker_env: dict[str, str],
    servers: Watched,
    replicas: int,
    facts: Facts,
    worker: WorkerContainer,
    tmp_path: Path,
    ending: ExitStack,
) -> None:
    port = free_port()
    env = {**worker_env, "PULSE_REDIS_URL": servers.url}
    flower = LocalProcess(celery("flower", f"--port={port}"), tmp_path, name="flower", env=env, cwd=ROOT)
    ending.callback(flower.remove)
    flower.start()
    wait_until(lambda: flower_answers(port), 60)
    old = servers.primary()
    with Players(web.url) as players:
        wait_until(lambda: len(players.answered) > 200)
        old.kill()
        wait_until(lambda: servers.primary() is not old)
        if replicas == 2:
            # With one, there is none left that could have what is accepted.
            wait_until(players.go_on, 10)
        old.start()
        wait_until(lambda: servers.agree(replicas), 40)
        wait_until(players.go_on)
        count = len(players.answered)
        wait_until(lambda: len(players.answered) > count + 200)
    facts.wait_until_settled(BACK_OFF_SECONDS)
    assert {row[0] for row in facts.sql("SELECT user_id FROM video_events")} == players.answered
    done = app.test_cli_runner().invoke(audit_command)
    assert (done.exit_code, servers.primary() is old) == (0, False), done.output
    assert (web.process.status, worker.status, flower.status) == ("running",) * 3
    assert flower_answers(port)
    assert inspect_stats(worker_env, servers)
