"""Slow, rude and broken clients besiege the real application all at once: honest ones are still answered quickly."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import pytest
import urllib3
from sqlalchemy import text

from pulse_analytics import config
from pulse_analytics.config import HEARTBEAT_SECONDS
from pulse_analytics.database import db
from tests.conftest import TOKEN
from tests.facts import report, wait_until
from tests.servers import reaper
from tests.servers.kernel import clients_of, cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from flask import Flask

    from tests.facts import Facts
    from tests.servers.web import Web

log = logging.getLogger(__name__)

pytestmark = [pytest.mark.stack, pytest.mark.nightly]

SLOW_HEADS = 300
SLOW_BODIES = 300
STOPPED_READERS = 100
ABORTED_EXPORTS = 50
VIDEOS = 100_000
"""In an export."""
SECONDS = 15.0
HONEST_SECONDS = 1.0
"""In which each honest request is answered."""
DRIP_SECONDS = 0.5
SLACK_SECONDS = 2.0
"""What a busy machine may add to a deadline."""
RESET = struct.pack("ii", 1, 0)
HOST = b"Host: a\r\n"
AUTHORIZATION = f"Authorization: Bearer {TOKEN}\r\n".encode()
EXPORT = b"GET /admin/analytics/export.csv HTTP/1.1\r\n" + HOST + AUTHORIZATION + b"\r\n"
FILM = b"GET /videos/pendulums.mp4 HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /analytics HTTP/1.1\r\nContent-Type: application/json\r\n" + HOST
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)


class Ended(NamedTuple):
    """What the server sent on a connection, and after how many seconds it was closed."""

    status: int
    """Of the first answer; 0: none."""
    seconds: float


class Honest(threading.Thread):
    """A client that sends eight different requests in turn, again and again, each on a new connection."""

    def __init__(self, web: Web) -> None:
        super().__init__(daemon=True)
        self._url = web.url
        self._over = threading.Event()
        self._numbers = itertools.count()
        self.accepted = 0
        self.rounds = 0
        self.wrong: list[str] = []
        self.slowest: dict[str, float] = {}

    def run(self) -> None:
        """Send requests until `end` is called."""
        while not self._over.is_set():
            self._ask(
                "a sound report", "POST", "/analytics", {202}, json=report(user_id=f"honest-{next(self._numbers)}")
            )
            self._ask("an unsound report", "POST", "/analytics", {400}, json={"videoId": ""})
            self._ask(
                "a preflight",
                "OPTIONS",
                "/analytics",
                {200, 204},
                headers={"Origin": "http://a", "Access-Control-Request-Method": "POST"},
            )
            self._ask("/healthz", "GET", "/healthz", {200})
            self._ask("/readyz", "GET", "/readyz", {200})
            self._ask("the page", "GET", "/admin", {200})
            self._ask("the ranking", "GET", "/admin/analytics/top", {200}, headers={"Authorization": f"Bearer {TOKEN}"})
            self._ask("a file", "GET", "/videos/tides.jpg", {200})
            self.rounds += 1
            time.sleep(0.1)

    def end(self) -> None:
        """Stop."""
        self._over.set()
        self.join()

    def _ask(self, what: str, method: str, path: str, expected: set[int], **options: object) -> None:
        began = time.monotonic()
        with urllib3.PoolManager(retries=False, timeout=10) as http:
            try:
                answer = http.request(method, self._url + path, **options)  # type: ignore[arg-type]
                status = answer.status
            except urllib3.exceptions.HTTPError as error:
                status = -1
                self.wrong.append(f"{what}: {error}")
            else:
                if status not in expected:
                    self.wrong.append(f"{what}: {status} {answer.data[:300]!r}")
        seconds = time.monotonic() - began
        self.slowest[what] = max(self.slowest.get(what, 0), seconds)
        self.accepted += status == 202


class Siege:
    """The clients that are slow, rude or broken."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._random = random.Random(5)
        self.heads: list[Ended] = []
        self.bodies: list[Ended] = []
        self.blanks: list[Ended] = []
        self.refused: list[int] = []
        self.odd: list[int] = []
        self._readers: list[socket.socket] = []

    async def run(self) -> None:
        """Start all attacks, and repeat the quick ones until the server has disconnected the slow ones."""
        ends = time.monotonic() + SECONDS
        readers = [FILM * 9 if number % 2 else EXPORT for number in range(STOPPED_READERS)]
        slow = [
            *(self._drip(POST + b"X-Slow: ", self.heads) for _ in range(SLOW_HEADS)),
            *(self._drip(POST + b"Content-Length: 500\r\n\r\n{", self.bodies) for _ in range(SLOW_BODIES)),
            *(self._send_blank_lines() for _ in range(20)),
            *(self._stop_reading(sent) for sent in readers),
            *(self._abort_an_export() for _ in range(ABORTED_EXPORTS)),
        ]
        await asyncio.gather(*slow, self._be_odd(ends))

    def held(self) -> int:
        """How many connections of this server are open, according to the kernel."""
        return len(clients_of(self._port))

    def close(self) -> None:
        """Close the connections of the clients that do not read."""
        for reader in self._readers:
            reader.close()

    async def _drip(self, sent: bytes, endings: list[Ended]) -> None:
        """Send the beginning of a request, then a byte from time to time, until the server closes the connection."""
        await asyncio.sleep(self._random.uniform(0, 1))
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(sent)
        said = asyncio.create_task(_all_of(reader))
        while not said.done():
            with suppress(OSError):
                writer.write(b"x")
            await asyncio.wait([said], timeout=DRIP_SECONDS)
        endings.append(Ended(int((await said)[9:12] or 0), time.monotonic() - began))
        writer.close()

    async def _send_blank_lines(self) -> None:
        """Get an answer, then send blank lines until the server closes the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        await reader.readuntil(b"\r\n\r\n")
        began = time.monotonic()
        said = asyncio.create_task(_all_of(reader))
        while not said.done():
            with suppress(OSError):
                writer.write(b"\r\n")
            await asyncio.wait([said], timeout=DRIP_SECONDS)
        self.blanks.append(Ended(0, time.monotonic() - began))
        writer.close()

    async def _stop_reading(self, sent: bytes) -> None:
        """Request a long answer, and read none of it."""
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.setblocking(False)
        self._readers.append(reader)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(reader, ("127.0.0.1", self._port))
        await loop.sock_sendall(reader, sent)

    async def _abort_an_export(self) -> None:
        """Request an export, and reset the connection once its first piece has arrived."""
        await asyncio.sleep(2)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(EXPORT)
        assert (await reader.read(9)) == b"HTTP/1.1 "
        _reset(writer)

    async def _be_odd(self, ends: float) -> None:
        """Send malformed requests, and unusual valid ones."""
        number = 0
        while time.monotonic() < ends:
            self.refused.append(await self._status_of(PREFACE))
            self.refused.append(await self._status_of(POST + b"X-Long: " + b"x" * 400_000))
            number += 1
            body = json.dumps(report(user_id=f"odd-{number}")).encode()
            chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            self.odd.append(await self._status_of(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks))
            self.odd.append(await self._status_of(POST + b"Expect: 100-continue\r\n" + length + body))
            self.odd.append(await self._status_of((POST + length + body) * 5))
            await asyncio.sleep(0.05)

    async def _status_of(self, sent: bytes) -> int:
        """The status of the last answer that arrives within a moment; then the connection is reset."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        said = b""
        with suppress(OSError):
            writer.write(sent)
            with suppress(TimeoutError):
                async with asyncio.timeout(HONEST_SECONDS):
                    while b"HTTP/1.1 " not in said.replace(b"HTTP/1.1 100", b""):
                        piece = await reader.read(65_536)
                        if not piece:
                            break
                        said += piece
        _reset(writer)
        return int(said.rpartition(b"HTTP/1.1 ")[2][:3] or 0)


@pytest.fixture(params=["one process and its spare", "two processes"])
def worker_env(worker_env: dict[str, str], request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    if request.param == "two processes":
        return worker_env
    (tmp_path / "heartbeats").mkdir()
    return {**worker_env, "PULSE_HEARTBEAT_DIR": str(tmp_path / "heartbeats")}


@pytest.fixture(autouse=True)
def many_videos(app: Flask, built_site: object) -> None:
    """Enough videos to make an export long."""
    statement = "INSERT INTO video_metrics (video_id, watched_50_count, updated_at) VALUES (:v, :c, CURRENT_TIMESTAMP)"
    with db.engine.begin() as connection:
        connection.execute(text(statement), [{"v": f"video-{number:06}", "c": number} for number in range(VIDEOS)])


@pytest.fixture
def honest(web: Web) -> Iterator[Honest]:
    honest = Honest(web)
    honest.start()
    yield honest
    honest.end()


def test_honest_clients_are_answered_within_a_second(web: Web, honest: Honest, facts: Facts, ending: ExitStack) -> None:
    wait_until(lambda: honest.rounds)  # The first ones wait for imports.
    honest.slowest.clear()
    siege = Siege(web.port)
    ending.callback(siege.close)
    asyncio.run(siege.run())
    honest.end()
    log.info("%s rounds, the slowest answers: %s", honest.rounds, honest.slowest)

    assert honest.wrong == []
    assert len(honest.slowest) == 8
    assert max(honest.slowest.values()) < HONEST_SECONDS, honest.slowest
    assert {ended.status for ended in siege.heads} == {0}
    assert {ended.status for ended in siege.bodies} == {408}
    assert max(ended.seconds for ended in siege.heads) < config.REQUEST_SECONDS + SLACK_SECONDS
    assert max(ended.seconds for ended in siege.bodies) < config.REQUEST_SECONDS + config.CLOSING_SECONDS
    assert max(ended.seconds for ended in siege.blanks) < 5 + SLACK_SECONDS
    assert {*siege.refused} == {400, 431}
    assert {*siege.odd} == {200, 202}

    wait_until(lambda: siege.held() == 0, config.READING_SECONDS + SLACK_SECONDS)
    used = cpu_seconds(reaper.members(web.process.pid))
    time.sleep(2)
    assert cpu_seconds(reaper.members(web.process.pid)) - used < 2 * HEARTBEAT_SECONDS
    assert facts.ledger()["accepted"] == honest.accepted + len([each for each in siege.odd if each == 202])


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    with suppress(OSError):
        return await reader.read()
    return b""


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
