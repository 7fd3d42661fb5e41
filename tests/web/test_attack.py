"""Hostile and valid requests, mixed, over real sockets: all are answered as documented, and each 202 counts."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from tests.servers import reaper
from tests.servers.worker import ROOT
from tests.web.hostile import Request, hostile_request
from tests.web.kept_connection import LIMIT_SECONDS, Connection
from tests.web.oracle import Answer, Oracle, Sound, queued_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pulse_analytics.config import Settings
    from tests.facts import Facts
    from tests.servers.web import Web

SEED = 14
THREADS = 6
SOUND_BEHIND = (0, 0, 0, 1, 1, 3)
"""How many sound requests are sent right behind a hostile one, before that is answered."""
SHOWN_BYTES = 20_000
"""Of what was sent, in a failure."""
WAITS = 0.01
"""The part of the requests without an end that wait for the server to end them; the others hang up."""


class Attacker(threading.Thread):
    """Sends some requests, on one connection after another, until an answer is wrong."""

    def __init__(self, number: int, port: int, requests: int, oracle: Oracle, session: Mapping[str, str]) -> None:
        super().__init__(daemon=True)
        self._name = f"{SEED}-{number}"
        self._random = Random(self._name)
        self._port, self._requests, self._oracle = port, requests, oracle
        self._session = session
        self._connection: Connection | None = None
        self._sent = b""
        self._names = (f"{self._name}-{n}" for n in itertools.count())
        self.statuses: Counter[str] = Counter()
        self.promised = 0
        self.slowest = 0.0
        self.fault = ""

    def run(self) -> None:
        while not self.fault and self.statuses.total() < self._requests:
            self._attack()
        if self._connection:
            self._connection.close()

    def _attack(self) -> None:
        """Send a hostile request and, right behind it, a valid one."""
        hostile = hostile_request(self._random, self._session)
        behind = [self._oracle.sound_request(self._random, next(self._names)) for _ in range(self._behind(hostile))]
        connection = self._connected()
        self._sent = hostile.data + b"".join(each.as_bytes() for each in behind)
        connection.send(self._sent)
        if not hostile.whole and self._random.random() > WAITS:
            connection.hang_up()
        self._judge(hostile, self._answer(connection, hostile.method), connection)
        if not hostile.whole:
            connection.is_open = False
        for sound in behind:
            self._see_to(sound, connection)

    def _behind(self, hostile: Request) -> int:
        return self._random.choice(SOUND_BEHIND) if hostile.whole else 0

    def _connected(self) -> Connection:
        if self._connection is None or not self._connection.is_open:
            if self._connection:
                self._connection.close()
            self._connection = Connection(self._port)
        return self._connection

    def _see_to(self, sound: Sound, connection: Connection) -> None:
        """Judge the answer to the valid request; send it again if the hostile one closed the connection."""
        if not connection.is_open:
            connection = self._connected()
            connection.send(sound.as_bytes())
        answer = self._answer(connection, sound.method)
        if answer is None and connection.may_be_closed():
            self._see_to(sound, connection)
        elif answer is None or not sound.is_answered_by(answer):
            self._complain(f"{sound.method} {sound.path} is answered with {answer}, not {sound.status} {sound.answer}")

    def _answer(self, connection: Connection, method: str) -> Answer | None:
        began = time.monotonic()
        try:
            answer = connection.answer(method)
        except TimeoutError:
            connection.is_open = False
            self._complain(f"hangs for {LIMIT_SECONDS} s")
            return None
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.statuses[str(answer.status) if answer else "closed"] += 1
        self.promised += queued_in(answer) if answer else 0
        return answer

    def _judge(self, hostile: Request, answer: Answer | None, connection: Connection) -> None:
        if answer is not None:
            fault = self._oracle.faults(hostile.body, answer)
        else:
            fault = "closed without an answer" if hostile.whole and not connection.may_be_closed() else ""
        if fault:
            self._complain(fault)

    def _complain(self, fault: str) -> None:
        self.fault = (
            self.fault or f"{fault}\nseed {self._name}, request {self.statuses.total()}:\n{self._sent[:SHOWN_BYTES]!r}"
        )


@pytest.fixture
def audit(worker_env: dict[str, str], settings: Settings) -> Callable[[], subprocess.CompletedProcess[str]]:
    """`pulse audit` of the system under test."""
    env = {**os.environ, **worker_env, "PULSE_REDIS_URL": settings.redis_url}
    command = [sys.executable, "-m", "pulse_analytics", "audit"]
    return lambda: subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("celery_setup", "built_site")
@pytest.mark.parametrize("requests", [3_000, pytest.param(100_000, marks=pytest.mark.nightly)])
@pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)], indirect=True
)
def test_every_request_is_answered_as_documented_and_every_202_is_counted(
    web: Web, facts: Facts, audit: Callable[[], Any], requests: int, record_property: Callable[[str, str], None]
) -> None:
    processes = reaper.members(web.process.pid)
    oracle = Oracle(urllib3.request("GET", f"{web.url}/openapi.json").json())
    session = _begin_session(web)
    attackers = [Attacker(number, web.port, requests // THREADS + 1, oracle, session) for number in range(THREADS)]
    for attacker in attackers:
        attacker.start()
    for attacker in attackers:
        attacker.join()
    statuses = sum((attacker.statuses for attacker in attackers), Counter[str]())
    promised = sum(attacker.promised for attacker in attackers)
    totals = ", ".join(f"{status}: {number:,}" for status, number in sorted(statuses.items()))
    slowest = max(attacker.slowest for attacker in attackers)
    record_property("totals", f"{statuses.total():,} requests, {promised:,} events, slowest {slowest:.1f} s; {totals}")

    if faults := [attacker.fault for attacker in attackers if attacker.fault]:
        pytest.fail("\n\n".join(faults), pytrace=False)
    assert reaper.members(web.process.pid) == processes
    assert facts.ledger()["accepted"] == promised
    facts.wait_until_settled(60)
    assert facts.rows() == promised
    audited = audit()
    assert audited.returncode == 0, audited.stdout + audited.stderr


def _begin_session(web: Web) -> dict[str, str]:
    """The headers with which a browser may try to sign in."""
    answer = urllib3.request("GET", f"{web.url}/admin/session")
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0], "X-CSRF-Token": answer.json()["csrfToken"]}
