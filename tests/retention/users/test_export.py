"""`pulse export-user`: everything that is held about one user, and nothing about others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event as listening

from pulse_analytics import config
from pulse_analytics.database import db, writing
from pulse_analytics.events import dedupe_key, utc_time
from pulse_analytics.retention.export import export_user
from pulse_analytics.retention.receipts import request_erasure
from tests.retention.users.conftest import ADA, BOB, NEW, Pulse, count, hold, park, views
from tests.test_events import event

if TYPE_CHECKING:
    from pulse_analytics.events import Event
    from pulse_analytics.ingest.journal import Journal


def as_sent(sent: Event) -> dict[str, object]:
    """The event as the journal has it."""
    texts = {"ts": str(sent.ts), "receivedAt": str(sent.received_at)}
    return {"id": sent.id, "videoId": sent.video_id, "event": sent.event, "userId": sent.user_id, **texts}


def test_an_export_holds_what_was_put_in_and_nothing_of_others(
    journal: Journal, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("EXPORT_SIZE", "RECOUNT_SIZE", "TRACES_SIZE"):
        monkeypatch.setattr(config, name, 3)
    dead, held, waiting = event("v8", ADA), event("v9", ADA, name=NEW), event("v10", ADA)
    counted = views(ADA, 4)
    park(journal, dead, event("v8", BOB))
    count(journal, *counted, *views(BOB, 4))
    hold(journal, held, event("v9", BOB, name=NEW))
    journal.accept([waiting, event("v10", BOB)])
    with writing(db.engine).begin() as connection:
        erasure = request_erasure(connection, ADA, with_counts=True)
        request_erasure(connection, BOB, with_counts=True)

    found = pulse.export(ADA)
    assert (found["userId"], found["forms"]) == (ADA, [ADA])
    assert all("-" in entry.pop("entry") for entry in found["journal"])
    assert found["journal"] == [as_sent(held), as_sent(waiting)]
    [letter] = found["deadLetters"]
    assert (letter["id"], letter["parkedReason"]) == (dead.id, "a reason")
    assert [{name: row[name] for name in ("id", "videoId", "event", "userId", "ts")} for row in found["rawEvents"]] == [
        {"id": e.id, "videoId": e.video_id, "event": e.event, "userId": ADA, "ts": e.ts}
        for e in sorted(counted, key=lambda e: e.id)
    ]
    assert {row["receivedAt"] for row in found["rawEvents"]} == {utc_time(counted[0].received_at).isoformat()}
    assert {key["key"]: key["eventId"] for key in found["dedupeKeys"]} == {
        dedupe_key(e): e.id for e in (dead, held, waiting, *counted)
    }
    assert all(86_000 < key["ttlSeconds"] <= 86_400 for key in found["dedupeKeys"])
    assert [each["id"] for each in found["erasures"]] == [erasure.id]
    assert BOB not in str(found)


def test_a_user_without_traces_is_an_export_of_empty_lists(pulse: Pulse, journal: Journal) -> None:
    count(journal, *views(BOB))
    names = ("journal", "deadLetters", "rawEvents", "dedupeKeys", "erasures")
    empty: dict[str, list[object]] = {name: [] for name in names}
    assert pulse.export('"\\ü😀') == {"userId": '"\\ü😀', "forms": ['"\\ü😀'], **empty}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_export_is_written_while_it_is_read(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "EXPORT_SIZE", 10)
    count(journal, *views(ADA, 50))
    read = []
    listening.listen(db.engine, "before_cursor_execute", lambda *asked: read.append(asked[2]))
    pieces = export_user(ADA)
    while "receivedAt" not in next(pieces):
        pass
    assert len([statement for statement in read if "user_id" in statement]) == 1
    assert len([piece for piece in pieces if "receivedAt" in piece]) == 99
