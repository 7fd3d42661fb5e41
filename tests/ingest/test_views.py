"""POST /analytics: which requests are accepted, which are refused and why; a refused one leaves nothing in Redis."""

from __future__ import annotations

import io
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_analytics import config
from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.ingest.waker import waker
from tests.facts import Facts, report

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.servers.valkey import ValkeyContainer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def post(client: FlaskClient, body: object, path: str = "/analytics", content_type: str = "application/json") -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return client.post(path, data=data, content_type=content_type)


def fields_of(answer: TestResponse) -> list[str]:
    assert answer.content_type == "application/problem+json"
    problem = json.loads(answer.data)
    assert problem["status"] == answer.status_code
    return [error["field"] for error in problem["errors"]]


def test_a_report_is_answered_202_and_its_repetition_200(client: FlaskClient, facts: Facts) -> None:
    first, again = post(client, report(ts=1)), post(client, report(ts=1))
    other_session = post(client, report(ts=2))
    assert (first.status_code, first.json["status"]) == (202, "queued")
    assert (again.status_code, again.json["status"]) == (200, "duplicate")
    assert again.json["eventId"] == first.json["eventId"]
    assert (other_session.status_code, other_session.json["status"]) == (200, "duplicate")
    assert facts.waiting() == 1
    assert facts.ledger() == {"accepted": 1, "duplicate": 2, "settled": 0, "parked": 0, "dropped": 0}


def test_redis_holds_the_event_and_a_dedupe_key_with_its_id(client: FlaskClient, facts: Facts) -> None:
    before = time.time_ns() // 1_000_000
    event_id = post(client, report("v1", "u1", ts=1700000000000)).json["eventId"]
    [(_, entry)] = facts.redis.xrange("queue:analytics")
    received_at = int(entry.pop("receivedAt"))
    assert before <= received_at <= time.time_ns() // 1_000_000
    assert entry == {
        "id": event_id,
        "videoId": "v1",
        "event": "watched_50_percent",
        "userId": "u1",
        "ts": "1700000000000",
    }
    assert facts.redis.get("dedupe:video:v1:user:u1:watched50") == event_id
    assert 86_390 < facts.redis.ttl("dedupe:video:v1:user:u1:watched50") <= 86_400


def test_ids_that_contain_the_separator_have_different_dedupe_keys(client: FlaskClient, facts: Facts) -> None:
    answers = [post(client, report("a:user:b", "c")), post(client, report("a", "b:user:c"))]
    answers += [post(client, report("a%3Auser", "c")), post(client, report("a:user", "c"))]
    assert [answer.status_code for answer in answers] == [202] * 4
    assert facts.waiting() == 4


@pytest.mark.parametrize(
    "accepted",
    [
        {"videoId": "x" * 128, "userId": "ü" * 128},
        {"videoId": "\U0001f600 \u202e<b>=1+1", "userId": " "},
        {"ts": 0},
        {"ts": 253_402_300_799_999},
        {"aNewerPlayersField": {"deep": [1]}},
    ],
)
def test_a_valid_report_is_accepted_with_its_values_unchanged(
    client: FlaskClient, facts: Facts, accepted: dict[str, Any]
) -> None:
    sent = report(**accepted)
    assert post(client, sent).status_code == 202
    [(_, entry)] = facts.redis.xrange("queue:analytics")
    assert (entry["videoId"], entry["userId"], int(entry["ts"])) == (sent["videoId"], sent["userId"], sent["ts"])


def test_an_invalid_field_is_400_and_named_in_every_json_spelling(client: FlaskClient, facts: Facts) -> None:
    bad = [("ts", value) for value in (float("nan"), float("inf"), 1e3, 10**400, True)]
    for field, value in [*bad, ("videoId", "\ud800"), ("userId", "a\0b"), ("event", ["watched_50_percent"])]:
        answer = post(client, {**report(), field: value})
        assert answer.status_code == 400
        assert fields_of(answer) == [field]
    assert facts.redis.keys() == []


def test_all_invalid_fields_are_named_in_one_answer(client: FlaskClient) -> None:
    assert fields_of(post(client, {"videoId": 1, "event": "no"})) == ["videoId", "event", "userId", "ts"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"5",
        b"\xff\xfe",
        b"[" * 16_000,
        b'{"ts":' + b"9" * 5000 + b"}",
        b'{"videoId": "\xff"}',
    ],
)
@pytest.mark.parametrize("path", ["/analytics", "/analytics/batch"])
def test_a_body_that_is_not_a_json_object_is_400(client: FlaskClient, facts: Facts, body: bytes, path: str) -> None:
    answer = post(client, body, path)
    assert answer.status_code == 400
    assert fields_of(answer) == ["body"]
    assert facts.redis.keys() == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
REPORTS = st.fixed_dictionaries({}, optional=dict.fromkeys(("videoId", "userId", "ts", "event"), JSON))


@given(body=JSON | REPORTS | st.fixed_dictionaries({"events": JSON | st.lists(JSON | REPORTS)}))
@pytest.mark.parametrize("path", ["/analytics", "/analytics/batch"])
def test_any_json_is_answered_below_500(client: FlaskClient, body: object, path: str) -> None:
    assert post(client, body, path).status_code in {200, 202, 400}


@given(body=st.binary(), content_type=st.sampled_from(["application/json", "text/plain; charset=\xff", 'a/b;c="d']))
def test_any_bytes_are_answered_below_500(client: FlaskClient, body: bytes, content_type: str) -> None:
    assert post(client, body, content_type=content_type).status_code in {400, 415}


def test_a_report_may_be_sent_as_plain_text_as_beacons_do(client: FlaskClient) -> None:
    assert post(client, report(), content_type="text/plain;charset=UTF-8").status_code == 202


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "image/png", ""])
def test_another_content_type_is_415(client: FlaskClient, facts: Facts, content_type: str) -> None:
    answer = post(client, report(), content_type=content_type)
    assert answer.status_code == 415
    assert answer.content_type == "application/problem+json"
    assert facts.redis.keys() == []


@pytest.mark.parametrize(("path", "limit"), [("/analytics", 16 * 1024), ("/analytics/batch", 1024 * 1024)])
def test_a_body_over_the_limit_is_413(client: FlaskClient, facts: Facts, path: str, limit: int) -> None:
    body = json.dumps(report() if path == "/analytics" else {"events": [report()]}).encode()
    assert post(client, body.ljust(limit), path).status_code == 202
    waker.join()
    facts.redis.flushall()
    assert post(client, body.ljust(limit + 1), path).status_code == 413
    assert facts.redis.keys() == []


@pytest.mark.parametrize(("padding", "status"), [(0, 202), (1, 413), (50_000, 413)])
def test_a_chunked_body_over_the_limit_is_413(client: FlaskClient, padding: int, status: int) -> None:
    body = json.dumps(report()).encode().ljust(16 * 1024 + padding)
    answer = client.post(
        "/analytics",
        input_stream=io.BytesIO(body),
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == status


def test_only_post_is_allowed(client: FlaskClient) -> None:
    answer = client.get("/analytics")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.content_type == "application/problem+json"


def test_a_batch_is_answered_with_one_result_for_each_report_in_order(client: FlaskClient, facts: Facts) -> None:
    good, bad = report("v1", ts=1), report("v2", ts="soon")
    answer = post(client, {"events": [good, bad, good, 7, report("v3", ts=1)]}, "/analytics/batch")
    assert answer.status_code == 202
    results = answer.json["results"]
    assert [result["status"] for result in results] == ["queued", "invalid", "duplicate", "invalid", "queued"]
    assert [error["field"] for error in results[1]["errors"]] == ["ts"]
    assert [error["field"] for error in results[3]["errors"]] == ["body"]
    assert results[0]["eventId"] == results[2]["eventId"]
    assert facts.waiting() == 2


def test_a_report_in_a_batch_is_accepted_like_a_single_one(client: FlaskClient) -> None:
    queued = post(client, {"events": [report(ts=1)]}, "/analytics/batch").json["results"][0]
    duplicate = post(client, report(ts=1))
    assert duplicate.status_code == 200
    assert duplicate.json["eventId"] == queued["eventId"]


@pytest.mark.parametrize("events", [[], [{}] * 501, "x", None, {"0": {}}])
def test_a_batch_with_no_reports_or_too_many_is_400(client: FlaskClient, facts: Facts, events: object) -> None:
    answer = post(client, {"events": events}, "/analytics/batch")
    assert answer.status_code == 400
    assert fields_of(answer) == ["events"]
    assert facts.redis.keys() == []


def test_a_batch_with_only_invalid_reports_is_answered_without_redis(client: FlaskClient, facts: Facts) -> None:
    answer = post(client, {"events": [{}, None]}, "/analytics/batch")
    assert answer.status_code == 202
    assert [result["status"] for result in answer.json["results"]] == ["invalid", "invalid"]
    assert facts.redis.keys() == []


@pytest.mark.parametrize("changed_settings", [{"PULSE_DEDUPE_TTL_SECONDS": "0"}])
def test_without_a_ttl_every_report_counts(client: FlaskClient, facts: Facts) -> None:
    assert [post(client, report(ts=ts)).status_code for ts in (1, 2)] == [202, 202]
    assert facts.redis.keys("dedupe:*") == []


def test_while_redis_is_stopped_a_post_is_503_in_time_and_its_retry_succeeds_later(
    client: FlaskClient, own_valkey: ValkeyContainer
) -> None:
    assert post(client, report("warm-up")).status_code == 202
    sent = report()
    own_valkey.kill("SIGKILL")
    assert_try_again(client, sent)
    own_valkey.restart()
    assert post(client, sent).status_code == 202


def test_while_redis_hangs_a_post_is_503_in_time_and_its_retry_reveals_the_outcome(
    client: FlaskClient, facts: Facts, own_valkey: ValkeyContainer
) -> None:
    assert post(client, report("warm-up")).status_code == 202
    sent = report()
    own_valkey.kill("SIGSTOP")
    assert_try_again(client, sent)
    own_valkey.kill("SIGCONT")
    time.sleep(config.BREAKER_PAUSE_SECONDS)
    # The command that timed out was in Redis' socket: it ran, and the retry is a true duplicate.
    assert post(client, sent).json["status"] == "duplicate"
    assert facts.waiting() == 2


@pytest.mark.usefixtures("own_valkey")
def test_while_redis_is_out_of_memory_a_post_is_503_and_leaves_no_dedupe_key(client: FlaskClient, facts: Facts) -> None:
    facts.redis.config_set("maxmemory-policy", "noeviction")
    facts.redis.config_set("maxmemory", "1")
    assert_try_again(client, report())
    facts.redis.config_set("maxmemory", "0")
    assert facts.redis.keys() == []
    assert post(client, report()).status_code == 202


@pytest.mark.parametrize("key", ["queue:analytics", "pulse:ledger"])
def test_a_key_of_another_type_is_503_and_leaves_no_dedupe_key(client: FlaskClient, facts: Facts, key: str) -> None:
    facts.redis.set(key, "foreign")
    assert_try_again(client, report())
    assert facts.redis.keys() == [key]


def assert_try_again(client: FlaskClient, sent: dict[str, Any]) -> None:
    started = time.monotonic()
    answer = post(client, sent)
    assert answer.status_code == 503
    assert time.monotonic() - started < 2
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.content_type == "application/problem+json"


class TestCors:
    """CORS: players of other sites."""

    ORIGIN = "https://video.example"

    @pytest.fixture
    def changed_settings(self) -> dict[str, str]:
        return {"PULSE_CORS_ORIGINS": f"{self.ORIGIN}, http://localhost:5173, http://[::1]:8000"}

    def test_a_configured_origin_may_post(self, client: FlaskClient) -> None:
        answer = client.post("/analytics", json=report(), headers={"Origin": self.ORIGIN})
        assert answer.headers["Access-Control-Allow-Origin"] == self.ORIGIN
        assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"
        assert "Origin" in answer.headers["Vary"]

    def test_an_origin_is_compared_as_text_and_not_as_a_pattern(self, client: FlaskClient) -> None:
        answer = client.post("/analytics", json=report(), headers={"Origin": "http://[::1]:8000"})
        assert answer.headers["Access-Control-Allow-Origin"] == "http://[::1]:8000"

    def test_a_configured_origin_may_read_errors(self, client: FlaskClient) -> None:
        answer = client.post("/analytics/batch", json={}, headers={"Origin": self.ORIGIN})
        assert answer.status_code == 400
        assert answer.headers["Access-Control-Allow-Origin"] == self.ORIGIN

    @pytest.mark.parametrize("path", ["/analytics", "/analytics/batch"])
    def test_the_preflight_of_a_configured_origin_is_cached(self, client: FlaskClient, path: str) -> None:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        answer = client.options(path, headers={"Origin": self.ORIGIN, **asked})
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Methods"] == "POST"
        assert answer.headers["Access-Control-Allow-Headers"].lower() == "content-type"
        assert answer.headers["Access-Control-Max-Age"] == "86400"

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "http://video.example",
            "https://video.example.evil.example",
            "https://a.video.example",
            "https://videoxexample",
            "http://1:8000",
            "null",
        ],
    )
    def test_no_other_origin_may_post(self, client: FlaskClient, origin: str) -> None:
        answer = client.post("/analytics", json=report(), headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers

    def test_a_configured_origin_may_use_no_other_path(self, client: FlaskClient) -> None:
        answer = client.get("/readyz", headers={"Origin": self.ORIGIN})
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_without_configured_origins_no_cors_header_is_sent(client: FlaskClient) -> None:
    answer = client.post("/analytics", json=report(), headers={"Origin": "https://video.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_application_can_be_created_without_redis(tmp_path: Path, database_url: str) -> None:
    values = {"PULSE_REDIS_URL": "redis://127.0.0.1:1/0", "PULSE_DATABASE_URL": database_url}
    app = create_app(Settings.parse(values, tmp_path))
    answer = app.test_client().post("/analytics", json=report())
    assert answer.status_code == 503
