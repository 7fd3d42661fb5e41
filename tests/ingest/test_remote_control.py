"""PULSE_REMOTE_CONTROL: whether workers obey Celery's control messages, which anyone with access to Redis can send."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.facts import report, wait_until

if TYPE_CHECKING:
    from celery import Celery
    from flask.testing import FlaskClient
    from pytest_celery import CeleryTestSetup

    from tests.facts import Facts

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def harm(celery: Celery) -> list[dict[str, Any]]:
    """Send what an attacker with access to Redis would send. Returns the workers' answers to a ping sent before."""
    answers = celery.control.ping(timeout=1.5) or []
    celery.control.rate_limit("pulse_analytics.persist_events", "1/h")
    celery.control.cancel_consumer("pulse.persist")
    celery.control.shutdown()
    return answers


@pytest.mark.parametrize("changed_settings", [{"PULSE_REMOTE_CONTROL": "off"}])
def test_without_remote_control_no_message_stops_a_worker(
    client: FlaskClient, facts: Facts, celery_setup: CeleryTestSetup
) -> None:
    assert harm(celery_setup.app) == []
    time.sleep(2)
    assert celery_setup.worker.container.status == "running"
    client.post("/analytics", json=report())
    facts.wait_until_settled(5)


@pytest.mark.nightly
def test_with_remote_control_a_message_stops_a_worker(celery_setup: CeleryTestSetup) -> None:
    assert harm(celery_setup.app) != []
    wait_until(lambda: celery_setup.worker.container.status == "exited")
