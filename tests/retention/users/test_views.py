"""DELETE /admin/users/<userId> and GET /admin/erasures/<id>."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.facts import Facts
from tests.retention.users.conftest import ADA, Pulse, count, views
from tests.web.test_guard import READER, TOKENS, bearer
from tests.web.test_sign_in import csrf, sign_in

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from pulse_analytics.ingest.journal import Journal
    from tests.servers.valkey import ValkeyContainer

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def delete(client: FlaskClient, user_id: str = ADA, **parameters: str) -> TestResponse:
    """The answer to a DELETE, of any status."""
    return client.delete(f"/admin/users/{quote(user_id, safe='')}", query_string=parameters, headers=bearer())


def messages(facts: Facts) -> list[Any]:
    """The arguments of the messages in Celery's queue, in the order in which they were sent."""
    waiting = [json.loads(message) for message in facts.redis.lrange("pulse.persist", 0, -1)[::-1]]
    return [message["headers"]["argsrepr"] for message in waiting if "forget_user" in message["headers"]["task"]]


def test_a_delete_is_accepted_and_its_receipt_can_be_read(client: FlaskClient, facts: Facts) -> None:
    answer = delete(client, withCounts="true")
    assert answer.status_code == 202
    body = answer.get_json()
    assert (body["status"], body["withCounts"], body["finishedAt"]) == ("waiting", True, None)
    assert answer.headers["Location"] == f"/admin/erasures/{body['id']}"
    shown = client.get(answer.headers["Location"], headers=bearer())
    assert (shown.status_code, shown.get_json()) == (200, body)
    assert facts.redis.smembers("pulse:erasures") == {body["id"]}
    assert messages(facts) == [f"('{body['id']}',)"]
    assert ADA not in str(facts.redis.lrange("pulse.persist", 0, -1))


def test_the_same_delete_twice_is_one_erasure_until_it_is_finished(
    client: FlaskClient, facts: Facts, journal: Journal, pulse: Pulse
) -> None:
    count(journal, *views(ADA))
    first, again, other = delete(client), delete(client), delete(client, withCounts="true")
    assert first.get_json() == again.get_json()
    assert other.get_json()["id"] != first.get_json()["id"]
    assert pulse.receipt(ADA)["id"] == first.get_json()["id"]
    assert client.get(first.headers["Location"], headers=bearer()).get_json()["status"] == "finished"
    assert delete(client).get_json()["id"] != first.get_json()["id"]
    assert facts.sql("SELECT count(*) FROM erasures") == [(3,)]


@on_sqlite
@pytest.mark.parametrize("user_id", ["a/b", "/", "//a", "a//", "a?withCounts=true", "a%2Fb", "ü😀", "x" * 128, "a;b c"])
def test_any_id_can_be_in_the_path(client: FlaskClient, facts: Facts, user_id: str) -> None:
    assert delete(client, user_id).status_code == 202
    assert facts.sql("SELECT user_id, with_counts FROM erasures") == [(user_id, 0)]


@on_sqlite
def test_a_timer_sends_one_run_of_an_unfinished_erasure_and_without_any_it_reads_one_key(
    journal: Journal, facts: Facts
) -> None:
    journal.live()  # It connects.
    facts.redis.config_resetstat()
    assert journal.traces.stalled_erasure() is None
    asked = {name.removeprefix("cmdstat_") for name in facts.redis.info("commandstats")}
    assert {name for name in asked if not name.startswith(("client", "config", "hello"))} == {"smembers"}
    journal.traces.begin_erasure("one")
    assert journal.traces.stalled_erasure() is None, "The request sent the first run."
    facts.redis.delete("pulse:erasing")
    assert [journal.traces.stalled_erasure() for _ in range(2)] == ["one", None]
    journal.traces.end_erasure("one")
    facts.redis.delete("pulse:erasing")
    assert journal.traces.stalled_erasure() is None


@on_sqlite
def test_a_wrong_id_or_parameter_is_400_and_named(client: FlaskClient, facts: Facts) -> None:
    for user_id in ("x" * 129, "\x9f", "a\tb"):
        answer = delete(client, user_id)
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (400, "userId")
    for name, value in (("withCounts", "maybe"), ("withCounts", "1"), ("with_counts", "true")):
        answer = delete(client, **{name: value})
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (400, name)
    assert client.delete("/admin/users/", headers=bearer()).status_code == 404
    assert facts.sql("SELECT count(*) FROM erasures") == [(0,)]


def test_an_unknown_erasure_is_404(client: FlaskClient) -> None:
    for erasure_id in ("none", "8c1d4c1e-6f0a-4c55-9d6e-0d4f8f6a2b11", "*"):
        answer = client.get(f"/admin/erasures/{erasure_id}", headers=bearer())
        assert (answer.status_code, answer.get_json()["detail"]) == (404, "There is no such erasure.")


@on_sqlite
@pytest.mark.parametrize("changed_settings", [TOKENS])
def test_a_delete_needs_a_full_token_or_a_session_of_one_with_its_csrf_token(app: Flask, client: FlaskClient) -> None:
    browser, reading_browser = app.test_client(), app.test_client()
    sign_in(browser)
    sign_in(reading_browser, READER)

    def status(client: FlaskClient, headers: dict[str, str]) -> int:
        return client.delete(f"/admin/users/{ADA}", headers=headers).status_code

    assert status(client, {}) == 401
    assert status(client, bearer(READER)) == 403
    assert status(browser, {}) == 403
    assert status(reading_browser, csrf(reading_browser)) == 403
    assert status(browser, csrf(browser)) == 202
    answer = client.delete(f"/admin/users/{ADA}", headers=bearer())
    assert client.get(answer.headers["Location"]).status_code == 401
    shown = client.get(answer.headers["Location"], headers=bearer(READER))
    assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "no-store")


@on_sqlite
@pytest.mark.usefixtures("own_valkey")
def test_without_redis_a_delete_is_503_and_the_same_one_again_is_the_same_erasure(
    client: FlaskClient, facts: Facts, own_valkey: ValkeyContainer
) -> None:
    own_valkey.process.stop()
    answer = delete(client)
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    [(erasure_id,)] = facts.sql("SELECT id FROM erasures")
    own_valkey.start()
    assert delete(client).get_json()["id"] == erasure_id
    assert facts.redis.smembers("pulse:erasures") == {erasure_id}
