"""POST /analytics/suppressed: counts the crossings that players do not report, and does nothing else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import TOKEN
from tests.facts import Facts, report

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.servers.valkey import ValkeyContainer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PATH = "/analytics/suppressed"
FORM = "application/x-www-form-urlencoded"


def suppressed(client: FlaskClient) -> int:
    answer = client.get("/admin/analytics/live", headers={"Authorization": f"Bearer {TOKEN}"})
    return int(answer.get_json()["suppressed"])


def assert_refused(client: FlaskClient) -> None:
    started = time.monotonic()
    answer = client.post(PATH)
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0
    assert time.monotonic() - started < 2


def test_a_suppressed_crossing_is_counted_and_changes_no_other_figure(client: FlaskClient, facts: Facts) -> None:
    assert client.post("/analytics", json=report()).status_code == 202
    keys, ledger = sorted(facts.redis.keys()), facts.ledger()
    for number in (1, 2):
        answer = client.post(PATH)
        assert (answer.status_code, answer.data) == (204, b"")
        assert suppressed(client) == number
    assert (sorted(facts.redis.keys()), facts.ledger(), facts.waiting()) == (keys, ledger, 1)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain;charset=UTF-8", FORM, ""])
def test_an_empty_object_says_nothing_whatever_its_type_is(client: FlaskClient, content_type: str) -> None:
    assert client.post(PATH, data=b"{}\n", content_type=content_type).status_code == 204
    assert suppressed(client) == 1


@pytest.mark.parametrize("body", [b'{"userId":"ada"}', b"[]", b"null", b"\0", b"{" * 9000, b"\xff" * 16_384])
def test_a_body_that_says_anything_is_400_and_not_counted(client: FlaskClient, facts: Facts, body: bytes) -> None:
    answer = client.post(PATH, data=body, content_type="text/plain")
    assert answer.status_code == 400
    assert [error["field"] for error in answer.get_json()["errors"]] == ["body"]
    assert facts.redis.keys() == []


def test_a_body_over_16_kib_is_413_and_not_counted(client: FlaskClient, facts: Facts) -> None:
    assert client.post(PATH, data=b" " * (16 * 1024)).status_code == 204
    assert client.post(PATH, data=b" " * (16 * 1024 + 1)).status_code == 413
    assert facts.redis.hgetall("pulse:ledger") == {"suppressed": "1"}


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGSTOP"])
def test_while_redis_is_stopped_or_hangs_it_is_503_in_time(
    client: FlaskClient, own_valkey: ValkeyContainer, signal: str
) -> None:
    assert client.post(PATH).status_code == 204
    own_valkey.kill(signal)
    assert_refused(client)


@pytest.mark.usefixtures("own_valkey")
def test_while_redis_is_out_of_memory_it_is_503(client: FlaskClient, facts: Facts) -> None:
    facts.redis.config_set("maxmemory-policy", "noeviction")
    facts.redis.config_set("maxmemory", "1")
    assert_refused(client)


@pytest.mark.parametrize("changed_settings", [{"PULSE_CORS_ORIGINS": "https://video.example"}])
@pytest.mark.parametrize(("origin", "allowed"), [("https://video.example", True), ("https://evil.example", False)])
def test_a_player_of_a_configured_origin_may_read_the_answer(client: FlaskClient, origin: str, allowed: bool) -> None:
    answer = client.post(PATH, headers={"Origin": origin})
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)


def test_only_post_is_allowed(client: FlaskClient) -> None:
    assert client.get(PATH).status_code == 405
