"""Some counted events, and the commands `pulse audit` and `pulse rebuild`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from pulse_analytics.audit.commands import audit_command, rebuild_command
from pulse_analytics.ingest.recorder import record
from tests.facts import Facts
from tests.test_events import DAY_MS, NOON, event

if TYPE_CHECKING:
    from click.testing import Result
    from flask import Flask

COUNTED = {"v1": {"2023-11-14": 1, "2023-11-15": 3}, "v2": {"2023-11-15": 2}, "v3": {"2023-11-15": 1}}
"""What `counted` has counted, by video and day."""


class Pulse(NamedTuple):
    """The two commands."""

    app: Flask

    def audit(self, *arguments: str) -> Result:
        """`pulse audit`."""
        return self.app.test_cli_runner().invoke(audit_command, arguments)

    def rebuild(self, *arguments: str) -> Result:
        """`pulse rebuild`."""
        return self.app.test_cli_runner().invoke(rebuild_command, arguments)


@pytest.fixture
def pulse(app: Flask) -> Pulse:
    """The two commands of the application."""
    return Pulse(app)


@pytest.fixture
def counted(facts: Facts) -> Facts:
    """The system after it has counted seven events."""
    record([event("v1", "u0", NOON - DAY_MS), *(event("v1", f"u{number}") for number in (1, 2, 3))])
    record([event("v2", "u1"), event("v2", "u2"), event("v3", "u1")])
    return facts


def days(facts: Facts) -> dict[str, dict[str, int]]:
    """The counters by video and day."""
    found: dict[str, dict[str, int]] = {}
    for video_id, day, count in facts.sql("SELECT video_id, day, watched_50_count FROM video_metrics_daily"):
        found.setdefault(video_id, {})[str(day)] = count
    return found


def assert_right(facts: Facts) -> None:
    """Assert that the counters are those of `counted`, and that there are no other rows."""
    assert days(facts) == COUNTED
    assert facts.counts() == {video_id: sum(by_day.values()) for video_id, by_day in COUNTED.items()}
    totals = {str(day): count for day, count in facts.sql("SELECT day, watched_50_count FROM daily_totals")}
    assert totals == {"2023-11-14": 1, "2023-11-15": 6}
