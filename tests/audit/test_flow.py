"""Audit and rebuild while clients report and a real worker counts."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

import pytest

from pulse_analytics.audit.rebuild import rebuild
from pulse_analytics.database import db
from tests.audit.conftest import Pulse
from tests.facts import Facts, report, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from pytest_celery import CeleryTestSetup

AUDITS = 12


class Crowd:
    """A client that reports four videos in turn, without a pause, and never sends the same report twice."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._report)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _report(self) -> None:
        users = itertools.count()
        while not self._stop.is_set():
            batch = [report(f"v{number % 4}", f"u{next(users)}") for number in range(20)]
            assert self._client.post("/analytics/batch", json={"events": batch}).status_code == 202


@pytest.fixture
def flow(app: Flask, facts: Facts, celery_setup: CeleryTestSetup) -> Iterator[Facts]:
    """The system while events flow."""
    assert celery_setup.ready(ping=False, control=True, docker=True)
    with Crowd(app):
        wait_until(lambda: facts.rows() > 0)
        yield facts
    facts.wait_until_settled()


@pytest.mark.parametrize("worker_count", [pytest.param(1, marks=pytest.mark.nightly), 2], indirect=True)
def test_an_audit_reports_no_fault_while_events_flow(pulse: Pulse, flow: Facts) -> None:
    before = flow.ledger()
    audits = [pulse.audit() for _ in range(AUDITS)]
    assert [done.stdout for done in audits if done.exit_code] == []
    assert flow.ledger()["settled"] > before["settled"]
    assert sum("Events flowed meanwhile" in done.stdout for done in audits) > AUDITS // 2


def test_an_audit_detects_a_wrong_counter_while_events_flow(pulse: Pulse, flow: Facts) -> None:
    flow.sql("UPDATE video_metrics SET watched_50_count = watched_50_count + 1 WHERE video_id = 'v0'")
    done = pulse.audit()
    flow.sql("UPDATE video_metrics SET watched_50_count = watched_50_count - 1 WHERE video_id = 'v0'")
    assert done.exit_code == 1
    assert "not their raw events: 1 by video, 0 by day, 0 of all videos." in done.stdout


LACKS = """
SELECT (SELECT count(*) FROM video_events WHERE video_id = 'v0')
         - (SELECT coalesce(sum(watched_50_count), 0) FROM video_metrics WHERE video_id = 'v0'),
       (SELECT count(*) FROM video_events WHERE video_id = 'v0')
         - (SELECT coalesce(sum(watched_50_count), 0) FROM video_metrics_daily WHERE video_id = 'v0')
"""


@pytest.mark.parametrize("arguments", [[], ["v0"]], ids=["whole", "one video"])
def test_during_a_rebuild_a_reader_sees_only_the_old_or_the_corrected_total(
    pulse: Pulse, flow: Facts, arguments: list[str]
) -> None:
    flow.sql("UPDATE video_metrics SET watched_50_count = watched_50_count - 1000 WHERE video_id = 'v0'")
    flow.sql("UPDATE video_metrics_daily SET watched_50_count = watched_50_count - 1000 WHERE video_id = 'v0'")
    seen: list[tuple[int, int]] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            [(video, day)] = flow.sql(LACKS)
            seen.append((int(video), int(day)))

    thread = threading.Thread(target=read)
    thread.start()
    wait_until(lambda: len(seen) > 3)
    done = pulse.rebuild(*arguments)
    ended.set()
    thread.join()
    [(video, day)] = flow.sql(LACKS)
    assert (int(video), int(day)) == (0, 0)
    assert done.exit_code == 0
    assert "not their raw events: 1 by video, 1 by day, 0 of all videos." in done.stdout
    changes = [lack for lack, _ in itertools.groupby([*seen, (0, 0)])]
    assert changes == [(1000, 1000), (0, 0)]
    assert pulse.audit().exit_code == 0


def test_repeated_rebuilds_do_not_disturb_the_worker(app: Flask, pulse: Pulse, flow: Facts) -> None:
    for _ in range(5):
        flow.sql("DELETE FROM video_metrics WHERE video_id = 'v1'")
        flow.sql("UPDATE video_metrics_daily SET watched_50_count = watched_50_count + 5")
        rebuild(out=str)
        assert pulse.audit().exit_code == 0
    assert flow.parked() == 0
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
