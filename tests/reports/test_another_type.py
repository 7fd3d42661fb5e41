"""A line in the registry is enough for a new event type to be ranked, counted, exported and in the funnel."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.stack
def test_an_event_type_that_is_added_to_the_registry_is_in_every_report(tmp_path: Path) -> None:
    # A process of its own, because the tables are made from the registry when they are imported.
    done = subprocess.run(
        [sys.executable, "-c", ANOTHER_TYPE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    top, video, series, header, *rows = done.stdout.splitlines()
    page = json.loads(top)
    assert [(each["videoId"], each["counts"]["finished"]) for each in page["videos"]] == [("v1", 2), ("v2", 1)]
    assert (page["total"], page["totals"]["finished"]) == (3, 3)
    assert (json.loads(video)["total"], json.loads(video)["rank"]) == (2, 1)
    for answer, counts in ((video, [4, 2]), (series, [6, 3])):
        first, *_, last = json.loads(answer)["funnel"]["milestones"]
        assert [first["count"], last["count"]] == counts
        assert (last["event"], last["share"], last["shareOfFirst"]) == ("finished", 0.99, 0.5)
    assert header.endswith(",watched_95_count,finished_count")
    assert rows == ['"v1",4,0,0,0,0,2', '"v2",2,0,0,0,0,1']


ANOTHER_TYPE = """
import dataclasses, json, pathlib, sys
from pulse_analytics import events
events.EVENT_TYPES["finished"] = events.EventType("finished", 0.99, "finished", "finished_count")
events.COUNT_COLUMNS += ("finished_count",)
from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.database import db
from pulse_analytics.ingest.recorder import record
from tests.test_events import event

TOKEN = "the-admin-token-of-this-test"
app = create_app(Settings.parse({"PULSE_EVENTS": "all", "PULSE_ADMIN_TOKEN": TOKEN}, pathlib.Path(sys.argv[1])))

def ask(path):
    answer = app.test_client().get(f"/admin/analytics/{path}", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.get_json()) if answer.is_json else answer.get_data(as_text=True).rstrip()

with app.app_context():
    db.create_all()
    for name, times in (("video_started", 2), ("finished", 1)):
        for video, viewers in (("v1", 2 * times), ("v2", times)):
            record([event(video, f"u{number}", name=name) for number in range(viewers)])
for path in ("top?event=finished", "videos/v1?event=finished", "series", "export.csv"):
    print(ask(path))
"""
