"""Two hundred clients at once, a third of which disconnect midway, while Redis freezes again and again."""

from __future__ import annotations

import asyncio
import json
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics.events import event_id
from tests import loop
from tests.facts import Facts, report

if TYPE_CHECKING:
    from tests.servers.local_process import LocalProcess
    from tests.servers.valkey import ValkeyContainer
    from tests.servers.web import Web

CLIENTS = 200
SECONDS = 5.0
FREEZE_SECONDS = 0.9
"""Less than the time that a call of Redis may take: it is late, and nothing else."""


class Crowd:
    """The reports that the clients sent, and the answers that they got."""

    def __init__(self, port: int) -> None:
        self.sent: set[str] = set()
        """The ids of all that was sent, at least in part."""
        self.told: dict[str, list[int]] = {}
        """The statuses that each report was answered with, in order."""
        self.lost = 0
        """How many left before they were answered."""
        self._port = port
        self._random = random.Random(9)

    async def play(self, redis: LocalProcess) -> None:
        """Let all clients report for SECONDS."""
        ends = time.monotonic() + SECONDS
        clients = [self._stay(number, ends) if number % 3 else self._leave(number, ends) for number in range(CLIENTS)]
        await asyncio.gather(self._freeze(redis, ends), *clients)

    async def _freeze(self, redis: LocalProcess, ends: float) -> None:
        while time.monotonic() < ends:
            await asyncio.sleep(self._random.uniform(0.1, 0.6))
            redis.pause()
            try:
                await asyncio.sleep(FREEZE_SECONDS)
            finally:
                redis.unpause()

    async def _stay(self, number: int, ends: float) -> None:
        """A client that sends a report until it is accepted, and then the next one."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while time.monotonic() < ends:
            request, sent_id = self._next(number)
            statuses = self.told[sent_id] = []
            while statuses[-1:] not in ([200], [202]):
                writer.write(request)
                status, body = await _answer(reader)
                statuses.append(status)
                if status == 503:
                    await asyncio.sleep(0.1)
                else:
                    assert body["eventId"] == sent_id
        writer.close()

    async def _leave(self, number: int, ends: float) -> None:
        """A client that disconnects while it sends, or before it is answered."""
        while time.monotonic() < ends:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
            request, _ = self._next(number)
            writer.write(request[: self._random.choice([len(request), len(request), len(request) - 20, 60])])
            await asyncio.sleep(self._random.uniform(0, 0.05))
            with suppress(OSError):
                writer.transport.abort() if self._random.random() < 0.5 else writer.close()
            self.lost += 1

    def _next(self, number: int) -> tuple[bytes, str]:
        one = report(f"v{number % 7}", f"u{len(self.sent)}")
        sent_id = event_id(one["videoId"], one["event"], one["userId"], one["ts"])
        self.sent.add(sent_id)
        body = json.dumps(one).encode()
        head = f"POST /analytics HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        return f"{head}\r\n\r\n".encode() + body, sent_id


async def _answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    return int(head.split()[1]), json.loads(await reader.readexactly(length))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_report_of_the_crowd_is_lost_counted_twice_or_answered_wrongly(
    web: Web, own_valkey: ValkeyContainer, facts: Facts
) -> None:
    crowd = Crowd(web.port)
    loop.run(crowd.play(own_valkey.process))
    # In one transaction: reports of clients that left are still being accepted.
    entries, accepted = facts.redis.pipeline().xrange("queue:analytics").hget("pulse:ledger", "accepted").execute()
    in_journal = [fields["id"] for _, fields in entries]
    assert len(in_journal) == len(set(in_journal)) == int(accepted)
    assert set(in_journal) <= crowd.sent
    assert crowd.told.keys() <= set(in_journal)
    # A report is a duplicate of itself only: of one whose client gave up, and which ran anyway.
    assert not [statuses for statuses in crowd.told.values() if statuses[-1] == 200 and 503 not in statuses]
    assert crowd.lost > CLIENTS
    assert len(crowd.told) > CLIENTS
