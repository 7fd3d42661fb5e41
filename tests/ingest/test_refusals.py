"""A Redis that answers but refuses writes: workers wait until it accepts them; web processes and /readyz say why."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from pulse_analytics.config import READY_SECONDS
from pulse_analytics.ingest.waker import waker
from tests.facts import report, wait_until
from tests.servers.valkey import start_valkey
from tests.servers.worker import WorkerContainer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from pytest_celery import CeleryTestSetup
    from redis import Redis

    from pulse_analytics.config import Settings
    from tests.facts import Facts
    from tests.servers.valkey import ValkeyContainer
    from tests.servers.web import Web

http = urllib3.PoolManager(retries=False, timeout=5)
WEB_PROCESSES = 2
BACK_OFF_SECONDS = 40
"""Celery's longest pause before it tries to connect again is 30 s."""

REFUSALS = {
    "READONLY": ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    "NOREPLICAS": ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
    "NOPERM": ("ACL SETUSER default -@write", "ACL SETUSER default +@write"),
}
"""What makes Redis refuse in this way, and what ends that."""
WORDS = {"NOPERM": "has no permissions"}
"""What it says then, where it is not the same word: in a script it leaves out its code."""

pytestmark = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)], indirect=True
)

FULL = ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0")
"""Which ends no worker, and starts one: what is taken makes room."""


class Refusal:
    """One way in which Redis refuses to write."""

    def __init__(self, redis: Redis, begin: str, end: str) -> None:
        self._redis: Any = redis
        self._begin, self._end = begin.split(), end.split()

    def begin(self) -> None:
        self._redis.execute_command(*self._begin)

    def end(self) -> None:
        self._redis.execute_command(*self._end)


ONE_OF_THEM, *OTHERS = REFUSALS


@pytest.fixture(params=[ONE_OF_THEM, *(pytest.param(name, marks=pytest.mark.nightly) for name in OTHERS)])
def refusal(own_valkey: ValkeyContainer, request: pytest.FixtureRequest) -> Iterator[Refusal]:
    refusal = Refusal(own_valkey.client, *REFUSALS.get(request.param, FULL))
    yield refusal
    refusal.end()


def test_a_web_process_logs_why_it_answers_503_and_how_often(
    web: Web, refusal: Refusal, request: pytest.FixtureRequest
) -> None:
    reason = request.node.callspec.params["refusal"]
    words = WORDS.get(reason, reason)

    def lines() -> list[str]:
        log = web.process.logs().decode()
        return [line for line in log.splitlines() if "Answering 503" in line and words in line]

    def post() -> int:
        return http.request("POST", f"{web.url}/analytics", json=report()).status

    refusal.begin()
    assert {post() for _ in range(20)} == {503}
    assert 1 <= len(lines()) <= WEB_PROCESSES
    wait_until(lambda: post() == 503 and any("times more" in line for line in lines()))
    assert len(lines()) <= 2 * WEB_PROCESSES


@pytest.mark.parametrize("refusal", [*REFUSALS, "OOM"], indirect=True)
def test_readyz_is_503_exactly_if_a_post_would_be(
    client: FlaskClient, refusal: Refusal, request: pytest.FixtureRequest
) -> None:
    def answers() -> list[int]:
        return [
            client.get("/readyz").status_code,
            client.post("/analytics", json=report(user_id=f"u{time.time_ns()}")).status_code,
        ]

    assert answers() == [200, 202]
    refusal.begin()
    time.sleep(READY_SECONDS)
    assert answers() == [503, 503]
    said = client.get("/readyz").get_json()["checks"]["redis"]
    assert said.startswith("Redis takes no reports: ")
    reason = request.node.callspec.params["refusal"]
    assert WORDS.get(reason, reason) in said
    refusal.end()
    time.sleep(READY_SECONDS)
    assert answers() == [200, 202]


def test_readyz_changes_nothing(client: FlaskClient, facts: Facts) -> None:
    client.post("/analytics", json=report())
    waker.join()
    keys = {key: facts.redis.type(key) for key in facts.redis.keys("*")}
    accepted = facts.ledger()
    assert client.get("/readyz").status_code == 200
    time.sleep(0.01)
    assert {key: facts.redis.type(key) for key in facts.redis.keys("*")} == keys
    assert (facts.ledger(), facts.waiting()) == (accepted, 1)


def test_a_worker_survives_a_redis_that_refuses_writes_and_logs_why_it_waits(
    client: FlaskClient, facts: Facts, celery_setup: CeleryTestSetup, refusal: Refusal
) -> None:
    container = celery_setup.worker.container
    client.post("/analytics", json=report("v1", "u1"))
    facts.wait_until_settled()
    refusal.begin()
    assert client.post("/analytics", json=report("v1", "u2")).status_code == 503
    wait_until(lambda: "Redis takes no writes" in container.logs())
    time.sleep(3)
    assert container.status == "running"
    refusal.end()
    assert client.post("/analytics", json=report("v1", "u2")).status_code == 202
    facts.wait_until_settled(BACK_OFF_SECONDS)
    assert facts.counts() == {"v1": 2}


def test_a_worker_can_start_while_redis_refuses_writes(
    client: FlaskClient,
    facts: Facts,
    settings: Settings,
    worker_env: dict[str, str],
    tmp_path: Path,
    refusal: Refusal,
    request: pytest.FixtureRequest,
) -> None:
    refusal.begin()
    container = WorkerContainer(tmp_path / "late", {**worker_env, "PULSE_REDIS_URL": settings.redis_url})
    request.addfinalizer(container.teardown)
    container.process.start()
    wait_until(lambda: "Redis takes no writes" in container.logs())
    time.sleep(3)
    assert container.status == "running"
    refusal.end()
    client.post("/analytics", json=report("v1"))
    facts.wait_until_settled(BACK_OFF_SECONDS)
    assert facts.counts() == {"v1": 1}


@pytest.fixture
def successor(own_valkey: ValkeyContainer, tmp_path: Path) -> Iterator[ValkeyContainer]:
    """A replica of `own_valkey`, in sync with it, that can replace it."""
    container = start_valkey(tmp_path / "successor")
    container.client.replicaof("127.0.0.1", own_valkey.port)
    wait_until(lambda: container.client.info("replication")["master_link_status"] == "up")
    yield container
    container.teardown()


@pytest.mark.parametrize("busy", [False, pytest.param(True, marks=pytest.mark.nightly)], ids=["idle", "busy"])
def test_a_worker_survives_the_demotion_of_its_redis_while_it_waits_for_an_answer(
    client: FlaskClient,
    facts: Facts,
    celery_setup: CeleryTestSetup,
    own_valkey: ValkeyContainer,
    successor: ValkeyContainer,
    busy: bool,
) -> None:
    container = celery_setup.worker.container
    post = Posts(client)
    with post.going_on() if busy else nullcontext(), ThreadPoolExecutor(1) as threads:
        wait_until(lambda: post.accepted > 100 or not busy)
        waits_as_well = threads.submit(own_valkey.client.brpop, "nothing")
        wait_until(lambda: own_valkey.client.info("clients")["blocked_clients"] >= 2)
        successor.client.replicaof("NO", "ONE")
        own_valkey.client.replicaof("127.0.0.1", successor.port)
        assert str(waits_as_well.exception(20)).startswith("UNBLOCKED")
        # Celery names the class of an error only.
        wait_until(lambda: "Connection to broker lost" in container.logs() and "ResponseError" in container.logs())
        wait_until(lambda: "Redis takes no writes" in container.logs())
        assert container.status == "running"
        own_valkey.client.replicaof("NO", "ONE")
    post.one()
    facts.wait_until_settled(BACK_OFF_SECONDS)
    assert container.status == "running"
    assert facts.rows() > 0


class Posts:
    """Reports, each of a new viewer."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client
        self._stop = threading.Event()
        self.accepted = 0

    def one(self) -> None:
        """Send a report, again and again until it is accepted."""
        sent = report("v1", f"u{self.accepted}")
        while (status := self._client.post("/analytics", json=sent).status_code) == 503 and not self._stop.is_set():
            time.sleep(0.05)
        assert status in {200, 202, 503}
        self.accepted += 1

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Report without a pause while this context lasts."""
        thread = threading.Thread(target=self._go_on)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()
            self._stop.clear()

    def _go_on(self) -> None:
        while not self._stop.is_set():
            self.one()
