"""An event that a worker commits while a slice is chosen is left alone, because its entry is not settled yet."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqlalchemy import true

from pulse_analytics.ingest.journal import Journal, current_journal
from pulse_analytics.ingest.recorder import record
from pulse_analytics.retention.archive import sweep_slice
from tests.facts import Facts, report
from tests.test_events import event

if TYPE_CHECKING:
    import pytest
    from flask import Flask
    from flask.testing import FlaskClient

COMMIT_SECONDS = 0.5
"""On SQLite, the worker waits until the slice ends; on PostgreSQL it commits at once."""


def test_an_event_that_is_committed_just_after_the_pending_entries_were_read_counts_once(
    app: Flask, client: FlaskClient, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    record([event("v1", "earlier")])
    read, workers = Journal.taken_events, []

    def worker() -> None:
        with app.app_context():
            batch = current_journal().take("killed before it settles")
            record([entry.event for entry in batch.entries])

    def read_and_be_overtaken(journal: Journal) -> set[str]:
        taken = read(journal)
        assert client.post("/analytics", json=report(user_id="late")).status_code == 202
        workers.append(threading.Thread(target=worker))
        workers[-1].start()
        workers[-1].join(COMMIT_SECONDS)
        return taken

    monkeypatch.setattr(Journal, "taken_events", read_and_be_overtaken)
    assert sweep_slice(true(), None) == (1, None)
    for thread in workers:
        thread.join()
    monkeypatch.undo()
    assert (facts.rows(), facts.archived()) == (1, 1)
    assert sweep_slice(true(), None) == (0, None), "Its entry will be recorded again."
    assert facts.counts() == {"v1": 2}
    facts.assert_aggregates_exact()
