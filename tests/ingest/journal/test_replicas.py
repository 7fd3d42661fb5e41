"""If replicas are required, 202 means that they have the event, too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from redis import Redis

from pulse_analytics.app import create_app
from tests.facts import report, wait_until
from tests.servers.valkey import ValkeyContainer, start_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from pulse_analytics.config import Settings

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def replica(own_valkey: ValkeyContainer, tmp_path: Path) -> Iterator[ValkeyContainer]:
    """A replica of `valkey`, in sync with it."""
    container = start_valkey(tmp_path / "replica")
    with connect(container) as client, connect(own_valkey) as primary:
        primary.config_set("repl-diskless-sync-delay", 0)  # Else it waits 5 s for more of them.
        client.replicaof("127.0.0.1", str(own_valkey.port))
        wait_until(lambda: client.info("replication").get("master_link_status") == "up")
    yield container
    container.teardown()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """One replica must have each accepted event."""
    return replace(settings, redis_replicas=1)


def connect(container: ValkeyContainer) -> Redis:
    return Redis.from_url(container.url, decode_responses=True)


def test_an_accepted_event_survives_a_failover(
    client: FlaskClient, settings: Settings, own_valkey: ValkeyContainer, replica: ValkeyContainer
) -> None:
    sent = [report("v1", f"u{number}") for number in range(50)]
    assert {client.post("/analytics", json=one).status_code for one in sent} == {202}
    own_valkey.kill()
    with connect(replica) as promoted:
        promoted.replicaof("NO", "ONE")
        assert promoted.xlen("queue:analytics") == 50
    after = create_app(replace(settings, redis_url=replica.url, redis_replicas=0)).test_client()
    assert {after.post("/analytics", json=one).status_code for one in sent} == {200}


def test_without_the_required_replica_no_event_is_accepted(client: FlaskClient, replica: ValkeyContainer) -> None:
    sent = report("v1")
    replica.process.pause()
    assert client.post("/analytics", json=sent).status_code == 503
    assert client.post("/analytics", json=sent).status_code == 503
    replica.process.unpause()
    wait_until(lambda: client.post("/analytics", json=sent).status_code == 200)


def test_a_duplicate_also_waits_for_replicas(client: FlaskClient, settings: Settings, replica: ValkeyContainer) -> None:
    sent = report("v1")
    alone = create_app(replace(settings, redis_replicas=0)).test_client()
    replica.process.pause()
    assert alone.post("/analytics", json=sent).status_code == 202
    assert client.post("/analytics", json=sent).status_code == 503
    replica.process.unpause()
