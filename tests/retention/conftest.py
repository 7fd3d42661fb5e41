"""Raw events of long ago, and the command `pulse expire`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pulse_analytics import config
from pulse_analytics.ingest.drain import drain
from pulse_analytics.retention.expire_command import expire_command
from tests.audit.conftest import Pulse, pulse
from tests.facts import Facts
from tests.test_events import DAY_MS, event

if TYPE_CHECKING:
    from click.testing import Result
    from flask import Flask

    from pulse_analytics.ingest.journal import Journal

__all__ = ["pulse"]


@pytest.fixture
def counted(journal: Journal, facts: Facts) -> Facts:
    """Forty counted events, thirty of which were received more than 30 days ago."""
    for number in range(40):
        accept(journal, f"u{number}", 31 if number % 4 else 29)
    record_all(journal)
    return facts


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of four raw events, without a pause."""
    monkeypatch.setattr(config, "ARCHIVE_SIZE", 4)
    monkeypatch.setattr(config, "ARCHIVE_PAUSE_SECONDS", 0)


def accept(journal: Journal, user_id: str, received_days_ago: float, ts_days_ago: float | None = None) -> None:
    """Accept a report as a web process did that many days ago."""
    now = time.time_ns() // 1_000_000
    received_at = now - int(received_days_ago * DAY_MS)
    ts = received_at if ts_days_ago is None else now - int(ts_days_ago * DAY_MS)
    assert journal.accept([event(f"v{len(user_id)}", user_id, ts, received_at)]).accepted == [True]


def record_all(journal: Journal) -> None:
    """Do what a worker does, until nothing waits."""
    assert not drain(journal, "me", lambda: None)


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(expire_command, arguments)


def assert_closed(pulse: Pulse, facts: Facts) -> None:
    """Assert that all books are closed, and that a rebuild finds nothing to correct."""
    facts.assert_exact()
    done = pulse.audit()
    assert done.exit_code == 0, done.stdout
    assert "corrected" not in pulse.rebuild().stdout
