"""A worker that settles before it commits loses events when it is killed, and an audit reports that."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from crash.mutants import copy_tree
from crash.mutations import MUTATIONS
from pulse_analytics.database import db, writing
from tests.audit.conftest import Pulse
from tests.facts import report, wait_until
from tests.servers.fixtures import WorkerApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from pytest_celery import CeleryTestSetup
    from sqlalchemy import Connection

    from tests.facts import Facts


@pytest.fixture
def worker_app(tmp_path: Path) -> WorkerApp:
    """The project's worker with this promise broken."""
    copy_tree(tmp_path / "broken")
    [mutation] = [each for each in MUTATIONS if each.name == "settle before commit"]
    mutation.apply(tmp_path / "broken")
    return WorkerApp("celery_app", tmp_path / "broken")


@pytest.mark.nightly
def test_events_settled_and_never_committed_are_reported_as_missing(
    pulse: Pulse, client: FlaskClient, facts: Facts, celery_setup: CeleryTestSetup
) -> None:
    client.post("/analytics", json=report("v1", "u0"))
    facts.wait_until_settled()
    assert pulse.audit().exit_code == 0
    with nobody_writes(facts) as lock:
        for number in range(1, 6):
            client.post("/analytics", json=report("v1", f"u{number}"))
        # PostgreSQL ends a transaction that says nothing.
        wait_until(lambda: lock.execute(text("SELECT 1")) and facts.waiting() == 0)
        celery_setup.worker.container.kill()
    rows = facts.rows()
    assert rows < 6
    done = pulse.audit()
    assert done.exit_code == 1
    assert f"Raw events are missing: 6 raw events of this epoch were settled as new, but {rows} came." in done.stdout


@contextmanager
def nobody_writes(facts: Facts) -> Iterator[Connection]:
    """Keep the database busy, so that no worker commits."""
    with writing(db.engine).begin() as connection:
        if facts.postgresql:
            connection.execute(text("LOCK TABLE video_events IN SHARE MODE"))
        yield connection
