"""The Node rival answers and counts correctly, so that the comparison is fair."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.place import Place
from benchmarks.rivals import fastify
from tests.facts import report, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.skipif(fastify.lacks() is not None, reason=str(fastify.lacks()))


@pytest.fixture
def place(tmp_path: Path, postgres: PostgresServer) -> Iterator[Place]:
    with Place(tmp_path, postgres) as place:
        yield place


def post(port: int, data: Any) -> tuple[int, str]:
    """The HTTP status of the answer to a report, and the `status` in its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/analytics", json.dumps(data), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body.get("status", "")


@pytest.mark.parametrize("processes", fastify.PROCESSES)
def test_the_node_rival_counts_each_view_once(place: Place, processes: int) -> None:
    with fastify.system(place, 1, processes) as node:
        views = [report(f"v{number % 7}", f"u{number}") for number in range(50)]
        assert [post(node.port, view) for view in views] == [(202, "queued")] * 50
        assert [post(node.port, view) for view in views] == [(200, "duplicate")] * 50
        wait_until(lambda: node.waiting() == 0)
        node.assert_exact(50, 50)
        assert sum(node.counts().values()) == 50
        assert node.forget_what_waits() == 0


@pytest.mark.parametrize("field", ["videoId", "event", "userId", "ts"])
def test_the_node_rival_rejects_an_invalid_report(place: Place, field: str) -> None:
    with fastify.web(place, place.redis_url(1), 1) as server, place.redis(1) as redis:
        without = {name: value for name, value in report().items() if name != field}
        assert post(server.port, without) == (400, "")
        assert post(server.port, {**without, field: {}}) == (400, "")
        assert post(server.port, {**report(), "event": "watched_51_percent"}) == (400, "")
        assert redis.dbsize() == 0
