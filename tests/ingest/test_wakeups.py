"""Wake-ups: one at a time in the broker's queue, and none of the broker's troubles changes an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pulse_analytics.ingest.tasks import wake_worker
from pulse_analytics.ingest.waker import waker
from tests.facts import report

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.facts import Facts

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_wake_up_that_nobody_has_taken_is_not_sent_again(client: FlaskClient, facts: Facts) -> None:
    for number in range(3):
        assert client.post("/analytics", json=report("v1", f"u{number}")).status_code == 202
        waker.join()
        wake_worker()
        facts.redis.delete("pulse:wakeup")  # As if its time were over.
    assert facts.redis.llen("pulse.persist") == 1


def test_a_foreign_queue_changes_no_202(client: FlaskClient, facts: Facts) -> None:
    facts.redis.set("pulse.persist", "foreign")
    assert client.post("/analytics", json=report()).status_code == 202
    waker.join()
    assert (facts.waiting(), facts.redis.get("pulse.persist")) == (1, "foreign")
