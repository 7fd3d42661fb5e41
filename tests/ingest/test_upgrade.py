"""While versions run side by side, nothing that was accepted is lost: workers of one, a web process of another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import urllib3

from benchmarks.versions import UnknownVersion, checked_out
from pulse_analytics.cli import dead_letters
from pulse_analytics.events import DEFAULT_EVENT, EVENT_TYPES
from tests.conftest import TOKEN
from tests.facts import Facts, report, wait_until
from tests.ingest.test_worker import accept, whatever_the_database
from tests.servers.worker import ROOT, WorkerContainer, start_worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from benchmarks.versions import Version
    from tests.servers.valkey import ValkeyContainer
    from tests.servers.web import Web

NEW = list(EVENT_TYPES)[-1]
LAST_RELEASE = "f7c59a9ae0dbc045a63ce0518a98159ab4d47b1a"
"""Version 0.2.0."""

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("own_valkey")]


@contextmanager
def worker(
    env: dict[str, str], valkey: ValkeyContainer, folder: Path, module: str = "celery_app", cwd: Path = ROOT
) -> Iterator[WorkerContainer]:
    """A worker, which is stopped at the end."""
    folder.mkdir()
    container = start_worker(folder, {**env, "PULSE_REDIS_URL": valkey.url}, module=module, cwd=cwd)
    try:
        yield container
    finally:
        container.teardown()


@whatever_the_database
@pytest.mark.parametrize("changed_settings", [{"PULSE_EVENTS": "all"}])
def test_an_event_that_workers_do_not_know_waits_and_is_counted_once_when_one_does(
    client: FlaskClient, facts: Facts, worker_env: dict[str, str], own_valkey: ValkeyContainer, tmp_path: Path
) -> None:
    with worker(worker_env, own_valkey, tmp_path / "earlier", "tests.ingest.earlier_worker") as earlier:
        accept(client, [report("v1", f"u{number}", event=event) for event in EVENT_TYPES for number in range(300)])
        wait_until(lambda: facts.held() == facts.waiting() == 300)
        facts.assert_exact()
        live = client.get("/admin/analytics/live", headers={"Authorization": f"Bearer {TOKEN}"}).get_json()
        assert (live["unknownEvents"], live["waiting"], live["parked"]) == ({NEW: 300}, 300, 0)
        assert earlier.logs().count(f"does not know the event {NEW}") in {1, 2}  # Once in each of its processes.
        with worker(worker_env, own_valkey, tmp_path / "upgraded"):  # They run side by side, as in a rolling upgrade.
            facts.wait_until_settled()
    assert facts.rows() == 300 * len(EVENT_TYPES)
    assert all(facts.counts(event) == {"v1": 300} for event in EVENT_TYPES)
    assert (facts.parked(), facts.pending()) == (0, 0)


@pytest.fixture(scope="module")
def last_release() -> Iterator[Version]:
    """The tree of version 0.2.0."""
    try:
        with checked_out(LAST_RELEASE) as version:
            yield version
    except UnknownVersion as error:
        pytest.skip(f"Version 0.2.0 is not in this clone: {error}")


@pytest.mark.nightly
class TestWorkersOfTheLastRelease:
    """Workers of version 0.2.0 beside web processes of this one, on a database that was migrated."""

    def test_at_the_default_of_pulse_events_all_is_counted_and_nothing_parked(
        self,
        facts: Facts,
        web: Web,
        worker_env: dict[str, str],
        own_valkey: ValkeyContainer,
        tmp_path: Path,
        last_release: Version,
    ) -> None:
        env = {**worker_env, **last_release.path}
        with worker(env, own_valkey, tmp_path / "last", cwd=last_release.folder):
            sent = [report("v1", f"u{number}") for number in range(300)]
            assert {urllib3.request("POST", f"{web.url}/analytics", json=each).status for each in sent} == {202}
            assert urllib3.request("POST", f"{web.url}/analytics", json=report(event=NEW)).status == 400
            facts.wait_until_settled()
        assert (facts.rows(), facts.counts(), facts.parked()) == (300, {"v1": 300}, 0)

    @pytest.mark.parametrize("changed_settings", [{"PULSE_EVENTS": "all"}])
    def test_events_enabled_too_early_are_parked_and_counted_once_after_upgrade_and_replay(
        self,
        app: Flask,
        client: FlaskClient,
        facts: Facts,
        worker_env: dict[str, str],
        own_valkey: ValkeyContainer,
        tmp_path: Path,
        last_release: Version,
    ) -> None:
        env = {**worker_env, **last_release.path, "PULSE_EVENTS": DEFAULT_EVENT}
        with worker(env, own_valkey, tmp_path / "last", cwd=last_release.folder):
            accept(client, [report("v1", event=event) for event in EVENT_TYPES])
            wait_until(lambda: facts.parked() == len(EVENT_TYPES) - 1)
            facts.wait_until_settled()
        assert facts.counts() == {"v1": 1}
        with worker(worker_env, own_valkey, tmp_path / "upgraded"):
            app.test_cli_runner().invoke(dead_letters, ["replay", "--all"])
            facts.wait_until_settled()
        assert all(facts.counts(event) == {"v1": 1} for event in EVENT_TYPES)
        assert (facts.rows(), facts.parked()) == (len(EVENT_TYPES), 0)
