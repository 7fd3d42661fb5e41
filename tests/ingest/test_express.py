"""The express lane answers each request as the Flask application would."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pulse_analytics import config
from pulse_analytics.web.application import Application
from pulse_analytics.web.wsgi_adapter import WsgiAdapter
from tests.contract.asgi_client import AsgiClient
from tests.facts import Facts, report, wait_until
from tests.web.secured import NAMES, lacking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from tests.servers.valkey import ValkeyContainer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

COMPARED = {
    *("content-type", "allow", "vary", "retry-after", "cache-control", "location", "strict-transport-security"),
    *NAMES,
}
JSON = ("Content-Type", "application/json")
SETTINGS = {"PULSE_CORS_ORIGINS": "https://video.example", "PULSE_DEDUPE_TTL_SECONDS": "0"}
BEHIND_PROXIES = {"PULSE_TRUSTED_PROXIES": "1", "PULSE_TRUSTED_HOSTS": "localhost, .video.example"}
SOUND = json.dumps(report()).encode()
KEY = "a-key-of-user-ids-with-32-characters"


def batch(size: int) -> bytes:
    """A body of `size` valid reports."""
    return json.dumps({"events": [report("v", f"u{number}") for number in range(size)]}).encode()


@pytest.fixture
def changed_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """A site whose players may post, and no duplicates, so that a request can be sent twice."""
    return getattr(request, "param", SETTINGS)


@pytest.fixture
def lane(app: Flask) -> Iterator[AsgiClient]:
    """A client of the express lane with the Flask application behind it."""
    client = AsgiClient(Application(app))
    yield client
    client.close()


@pytest.fixture
def direct(app: Flask) -> Iterator[AsgiClient]:
    """A client of the Flask application alone."""
    client = AsgiClient(WsgiAdapter(app))
    yield client
    client.close()


def reduced(answer: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = [(name.lower(), value) for name, value in answer.headers]
    kept = [(n, v) for n, v in headers if n in COMPARED or n.startswith("access-control-")]
    return answer.status_code, sorted(kept), answer.data


sound = st.fixed_dictionaries(
    {
        "videoId": st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=9),
        "event": st.just("watched_50_percent"),
        "userId": st.sampled_from(["u1", "ü", "a:b", "%"]),
        "ts": st.sampled_from([0, 1, 1_700_000_000_000, 253_402_300_799_999]),
    }
)
odd = st.one_of(
    st.none(),
    st.integers(-2, 2),
    st.text(max_size=3),
    st.lists(sound, max_size=3),
    st.just({"videoId": "v", "ts": True}),
)
single_bodies = st.one_of(sound, odd, sound.map(lambda fields: {**fields, "extra": [float("inf")]}))
batch_bodies = st.one_of(odd, st.fixed_dictionaries({"events": st.lists(st.one_of(sound, sound, odd), max_size=6)}))
bodies = st.one_of(
    st.one_of(single_bodies, batch_bodies).map(lambda data: json.dumps(data).encode()),
    single_bodies.map(lambda data: json.dumps(data, ensure_ascii=False).encode("utf-16")),
    st.binary(max_size=8),
    st.sampled_from([b"", b"[" * 20_000, b"{}" + b" " * 17_000, b'{"a":1,"a":2}', b"NaN", b"-0", b"\xff"]),
    st.sampled_from([SOUND.ljust(config.BODY_LIMIT_BYTES + more) for more in (-1, 0, 1)]),
    st.sampled_from([batch(config.BATCH_LIMIT_EVENTS + more) for more in (-1, 0, 1)]),
    st.sampled_from([batch(2).ljust(config.BATCH_BODY_LIMIT_BYTES + more) for more in (-1, 0, 1)]),
)
headers = st.lists(
    st.sampled_from(
        [
            JSON,
            JSON,
            JSON,
            ("Content-Type", "text/plain;charset=UTF-8"),
            ("Content-Type", " Application/JSON ; charset=latin-1"),
            ("Content-Type", "application/json, text/plain"),
            ("Content-Type", "text/html"),
            ("Content-Type", ""),
            ("Content-Encoding", "gzip"),
            ("Origin", "https://video.example"),
            ("Origin", "HTTPS://video.example"),
            ("Origin", "https://other.example"),
            ("Origin", "null"),
            ("Origin", ""),
            ("Cookie", "pulse_session=x"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Proto", "http"),
            ("Host", "video.example:8000"),
            ("Host", "other.example"),
            ("Access-Control-Request-Method", "POST"),
        ]
    ),
    max_size=4,
)
paths = st.sampled_from(
    [
        *["/analytics", "/analytics/batch"] * 3,
        "/analytics?x=1",
        "/analytics/",
        "//analytics",
        "/analytics%2Fbatch",
        "/analytic%73",
        "/analytics%00",
        "/ANALYTICS",
        "/healthz",
        "/nothing",
    ]
)
methods = st.sampled_from(["POST", "POST", "POST", "OPTIONS", "GET", "PUT", "HEAD", "post"])


@pytest.mark.parametrize(
    "changed_settings",
    [
        pytest.param(SETTINGS, id="alone"),
        pytest.param({**SETTINGS, **BEHIND_PROXIES}, id="behind proxies"),
        pytest.param({**SETTINGS, "PULSE_USER_ID_KEY": f"{KEY} plain"}, id="keyed", marks=pytest.mark.nightly),
    ],
    indirect=True,
)
def test_any_request_gets_the_same_answer_from_both_applications(lane: AsgiClient, direct: AsgiClient) -> None:
    @settings(max_examples=300)
    @given(method=methods, path=paths, headers=headers, body=bodies)
    @example("POST", "/analytics", [("Content-Type", ""), JSON], SOUND)
    @example("POST", "/analytics", [("Origin", ""), ("Origin", "https://video.example"), JSON], SOUND)
    def compare(method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> None:
        through, direct_answer = (each.open(path, method=method, headers=headers, data=body) for each in (lane, direct))
        assert reduced(through) == reduced(direct_answer)
        assert lacking(through.headers) == []

    compare()


@pytest.mark.parametrize("changed_settings", [{**SETTINGS, **BEHIND_PROXIES}], indirect=True)
def test_a_report_over_https_is_answered_with_hsts_and_one_for_another_host_is_refused(
    lane: AsgiClient, facts: Facts
) -> None:
    def post(*headers: tuple[str, str]) -> tuple[int, bool]:
        answer = lane.open("/analytics", method="POST", headers=[JSON, *headers], data=SOUND)
        return answer.status_code, ("strict-transport-security", "max-age=31536000") in answer.headers

    assert post(("Host", "video.example"), ("X-Forwarded-Proto", "https")) == (202, True)
    assert post(("Host", "video.example"), ("X-Forwarded-Proto", "https, http")) == (202, False)
    assert post(("Host", "video.example")) == (202, False)
    assert post(("Host", "other.example"), ("X-Forwarded-Proto", "https")) == (400, True)
    assert facts.waiting() == 3


@pytest.mark.parametrize("harm", ["killed", "read-only", "without replicas", "full"])
def test_while_redis_refuses_writes_the_error_equals_that_of_the_flask_application(
    own_valkey: ValkeyContainer, lane: AsgiClient, direct: AsgiClient, harm: str
) -> None:
    if harm == "killed":
        own_valkey.kill()
    elif harm == "read-only":
        own_valkey.client.replicaof("127.0.0.1", "1")
    else:
        name, value = ("min-replicas-to-write", 1) if harm == "without replicas" else ("maxmemory", 1)
        own_valkey.client.config_set(name, value)
    request: dict[str, Any] = {"method": "POST", "headers": [JSON, ("Origin", "https://video.example")]}
    through, direct_answer = (each.open("/analytics", data=SOUND, **request) for each in (lane, direct))
    assert through.status_code == 503
    assert reduced(through) == reduced(direct_answer)


def test_a_hung_redis_is_503_within_two_seconds(own_valkey: ValkeyContainer, lane: AsgiClient) -> None:
    assert lane.open("/analytics", method="POST", headers=[JSON], data=SOUND).status_code == 202
    own_valkey.process.pause()
    started = time.monotonic()
    assert lane.open("/analytics", method="POST", headers=[JSON], data=SOUND).status_code == 503
    assert time.monotonic() - started < 2
    own_valkey.process.unpause()


def test_an_accepted_report_wakes_a_worker(lane: AsgiClient, facts: Facts) -> None:
    assert lane.open("/analytics", method="POST", headers=[JSON], data=SOUND).status_code == 202
    wait_until(lambda: facts.redis.llen("pulse.persist") == 1)
