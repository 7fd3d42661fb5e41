"""After any sequence of reports, retries and redeliveries, the counts equal those of a ten-line model."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from pulse_analytics import config
from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.database import db
from pulse_analytics.ingest.drain import drain
from pulse_analytics.ingest.recorder import record
from tests.facts import Facts, report
from tests.servers.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask

VIDEOS = st.sampled_from(["v1", "v2", "a:user:b", "50%"])
VIEWERS = st.sampled_from(["u1", "u2", "b:user:c"])
TIMES = st.integers(1_700_000_000_000, 1_700_000_000_002)
STEPS = st.one_of(
    st.tuples(st.just("report"), VIDEOS, VIEWERS, TIMES),
    st.tuples(st.just("batch"), st.lists(st.tuples(VIDEOS, VIEWERS, TIMES), min_size=1, max_size=6)),
    st.tuples(st.just("take"), st.sampled_from(["one", "two"])),
    st.tuples(st.just("die after the commit"), st.sampled_from(["one", "two"])),
    st.tuples(st.just("give back"), st.sampled_from(["one", "two"])),
    st.tuples(st.just("drain")),
    st.tuples(st.just("forget dedupe keys")),
)


class Model:
    """The counts that must result: each report that was answered 202, but each (video, viewer, ts) only once."""

    def __init__(self) -> None:
        self.claimed: set[tuple[str, str]] = set()
        self.counted: set[tuple[str, str, int]] = set()

    def send(self, video: str, viewer: str, ts: int) -> str:
        if (video, viewer) in self.claimed:
            return "duplicate"
        self.claimed.add((video, viewer))
        self.counted.add((video, viewer, ts))
        return "queued"

    def counts(self) -> dict[str, int]:
        videos = [video for video, _, _ in self.counted]
        return {video: videos.count(video) for video in videos}


class System:
    """The application, driven step by step."""

    def __init__(self, app: Flask, facts: Facts) -> None:
        self.client = app.test_client()
        self.journal = app.extensions["pulse_journal"]
        self.facts = facts
        self.held: dict[str, list[Any]] = {"one": [], "two": []}

    def apply(  # noqa: C901 - one case for each kind of step
        self, model: Model, step: tuple[Any, ...]
    ) -> None:
        match step:
            case ("report", video, viewer, ts):
                answer = self.client.post("/analytics", json=report(video, viewer, ts))
                assert answer.get_json()["status"] == model.send(video, viewer, ts)
            case ("batch", reports):
                answer = self.client.post("/analytics/batch", json={"events": [report(*sent) for sent in reports]})
                statuses = [result["status"] for result in answer.get_json()["results"]]
                assert statuses == [model.send(*sent) for sent in reports]
            case ("take", consumer):
                self.held[consumer] += self.journal.take(consumer).entries
            case ("die after the commit", consumer) if self.held[consumer]:
                record([entry.event for entry in self.held[consumer]])
            case ("give back", consumer):
                self.journal.give_back(consumer, self.held[consumer])
                self.held[consumer] = []
            case ("drain",):
                drain(self.journal, "three", lambda: None)
            case ("forget dedupe keys",):
                keys = self.facts.redis.keys("dedupe:*")
                if keys:
                    self.facts.redis.delete(*keys)
                model.claimed.clear()

    def finish(self) -> None:
        for consumer, entries in self.held.items():
            self.journal.give_back(consumer, entries)
        drain(self.journal, "three", lambda: None)


@pytest.fixture(scope="module")
def system_app(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("properties")
    shutil.copy(sqlite_template, folder / "pulse.db")
    with contextlib.ExitStack() as stack:
        valkey = start_valkey(folder / "valkey")
        stack.callback(valkey.teardown)
        app = create_app(Settings.parse({"PULSE_REDIS_URL": valkey.url}, folder))
        stack.enter_context(app.app_context())
        stack.callback(db.engine.dispose)
        stack.callback(app.extensions["pulse_journal"].redis.close)
        yield app


@pytest.mark.stack
@given(steps=st.lists(STEPS, max_size=25))
def test_the_counts_equal_those_of_the_model_after_any_steps(
    system_app: Flask, steps: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "LINGER_SECONDS", 0.001)  # Nobody else sends while a drain looks.
    facts = Facts(system_app, system_app.extensions["pulse_journal"].redis)
    facts.redis.flushall()
    with db.engine.begin() as connection:
        for table in ("video_events", "video_metrics", "video_metrics_daily", "daily_totals"):
            connection.execute(text(f"DELETE FROM {table}"))
    system, model = System(system_app, facts), Model()
    for step in steps:
        system.apply(model, step)
    system.finish()
    assert facts.waiting() == 0
    assert facts.counts() == model.counts()
    facts.assert_exact()
