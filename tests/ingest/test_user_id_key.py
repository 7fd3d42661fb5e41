"""Web processes with PULSE_USER_ID_KEY: what they store, and one view each while two of them change keys."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import urllib3
from hypothesis import given
from hypothesis import settings as examples

from pulse_analytics.events import dedupe_key
from pulse_analytics.ingest.drain import drain
from pulse_analytics.ingest.express import ExpressLane, sound_event
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.journal.keys import JOURNAL, LEDGER, WAKEUP
from pulse_analytics.ingest.schemas import load_report
from pulse_analytics.up.stack import web_command
from pulse_analytics.user_ids import UserIds
from tests.facts import report
from tests.servers.web import serving
from tests.test_events import event, ids
from tests.test_user_ids import NEW, OLD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from pulse_analytics.config import Settings
    from pulse_analytics.ingest.journal import Journal
    from tests.facts import Facts
    from tests.servers.web import Web

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

http = urllib3.PoolManager(num_pools=4, maxsize=32, retries=False, timeout=10)
CLIENT = "c" * 40
"""A user id that is found wherever it is stored."""


@pytest.fixture
def changed_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """The keys."""
    return getattr(request, "param", {"PULSE_USER_ID_KEY": f"{NEW} {OLD} plain"})


def everything_in_redis(facts: Facts) -> str:
    """All keys with their values, as text."""
    read = {
        "string": "get",
        "hash": "hgetall",
        "stream": "xrange",
        "set": "smembers",
        "zset": "zrange",
        "list": "lrange",
    }
    held: dict[str, object] = {}
    for key in facts.redis.scan_iter():
        kind = facts.redis.type(key)
        held[key] = getattr(facts.redis, read[kind])(key, *([0, -1] if kind in {"zset", "list"} else []))
    return repr(held)


class TestWithoutAKey:
    """The default costs nothing."""

    pytestmark = pytest.mark.parametrize("changed_settings", [{}], indirect=True)

    def test_no_code_of_the_key_is_entered(
        self, app: Flask, client: FlaskClient, facts: Facts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("stored", "others", "event", "all_forms"):
            monkeypatch.delattr(UserIds, name)
        assert client.post("/analytics", json=report()).status_code == 202
        lane = ExpressLane(app)
        assert lane.read("/analytics", json.dumps(report()).encode())
        assert facts.waiting() == 1

    def test_redis_gets_the_same_words_as_before(self, journal: Journal) -> None:
        one, other = event("v", "a:b", 1), event("w", "u", 2)
        keys = [JOURNAL, LEDGER, WAKEUP, "dedupe:video:v:user:a%3Ab:watched50", "dedupe:video:w:user:u:watched50"]
        fields = [x for e in (one, other) for x in (e.id, e.video_id, e.event, e.user_id, e.ts, e.received_at)]
        assert list(journal.accept_call([one, other]).words) == [5, *keys, 86_400, 3000, *fields]


@pytest.mark.parametrize("changed_settings", [{"PULSE_USER_ID_KEY": NEW}], indirect=True)
def test_a_single_key_looks_at_one_dedupe_key_for_each_event(journal: Journal) -> None:
    made = sound_event(report("v"), frozenset(["watched_50_percent"]), 5, UserIds.parse(NEW))
    assert made is not None
    assert journal.accept_call([made]).words[:5] == (4, JOURNAL, LEDGER, WAKEUP, dedupe_key(made))


@pytest.mark.parametrize(
    "changed_settings", [{"PULSE_USER_ID_KEY": NEW}, {"PULSE_USER_ID_KEY": f"{NEW} {OLD} plain"}], indirect=True
)
def test_both_ways_into_the_server_make_the_same_event(app: Flask) -> None:
    user_ids = app.extensions["pulse_settings"].user_ids

    @examples(max_examples=50)
    @given(ids, ids)
    def compare(video_id: str, user_id: str) -> None:
        sent = report(video_id, user_id)
        made = sound_event(sent, frozenset([sent["event"]]), 7, user_ids)
        assert made == load_report(sent, 7)
        assert type(made) is type(load_report(sent, 7))

    compare()


@pytest.mark.parametrize("changed_settings", [{"PULSE_USER_ID_KEY": NEW}], indirect=True)
def test_the_id_that_was_sent_is_nowhere_in_redis_and_not_in_the_answer(
    client: FlaskClient, facts: Facts, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [client.post("/analytics", json=report(user_id=CLIENT)) for _ in range(2)]
    answers.append(
        client.post("/analytics/batch", json={"events": [report("v2", CLIENT), report("v2", CLIENT, "bad")]})
    )
    assert [answer.status_code for answer in answers] == [202, 200, 202]
    form = UserIds.parse(NEW).stored(CLIENT)
    held = everything_in_redis(facts)
    assert held.count(form) == 4, "Two entries, two dedupe keys."
    for text in (held, caplog.text, *(answer.text for answer in answers)):
        assert CLIENT not in text


class Hosts(NamedTuple):
    """Two web servers of one deployment in the middle of a change of keys: the first one has not switched yet."""

    first: Web
    second: Web

    def post(self, host: int, body: object, path: str = "/analytics") -> Any:
        """What the first (0) or the second (1) one answers."""
        answer = http.request("POST", self[host].url + path, json=body)
        assert answer.status in {200, 202}, answer.data
        return answer.json()


def asgi(port: int) -> Sequence[str]:
    """The web server of `pulse up`, as one process."""
    return web_command(port, 1)


def wsgi(port: int) -> Sequence[str]:
    """The same application in a WSGI server, where no report takes the express lane."""
    return [sys.executable, *f"-m granian --interface wsgi --http 1 --port {port} wsgi:app".split()]


@pytest.fixture(
    params=[
        pytest.param((OLD, asgi, asgi), id="from a key", marks=pytest.mark.nightly),
        pytest.param(("plain", asgi, wsgi), id="from plain ids, WSGI has switched"),
        pytest.param(("plain", wsgi, asgi), id="from plain ids, WSGI has not", marks=pytest.mark.nightly),
    ]
)
def hosts(
    request: pytest.FixtureRequest, settings: Settings, worker_env: dict[str, str], tmp_path: Path
) -> Iterator[Hosts]:
    """Web servers with the keys `old new` and `new old`."""
    old, *commands = request.param

    def serve(number: int) -> AbstractContextManager[Web]:
        keys = (f"{old} {NEW}", f"{NEW} {old}")[number]
        env = {**worker_env, "PULSE_REDIS_URL": settings.redis_url, "PULSE_USER_ID_KEY": keys}
        return serving(commands[number], env, tmp_path)

    with ExitStack() as stack:
        yield Hosts(stack.enter_context(serve(0)), stack.enter_context(serve(1)))


def test_a_report_and_its_retry_at_the_other_host_are_one_view(hosts: Hosts, facts: Facts) -> None:
    for first in (0, 1):
        sent = report(f"v{first}", CLIENT)
        said = [hosts.post(host, sent)["status"] for host in (first, 1 - first, first)]
        assert said == ["queued", "duplicate", "duplicate"]
        batch = {"events": [report(f"v{first}-{n}", f"{CLIENT}{user}") for n in range(3) for user in range(40)]}
        told = [
            [each["status"] for each in hosts.post(host, batch, "/analytics/batch")["results"]]
            for host in (first, 1 - first)
        ]
        assert told == [["queued"] * 120, ["duplicate"] * 120]
    # Many at once, at both hosts.
    reports = [report("crowd", f"{CLIENT}{user}") for user in range(60)]
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda n: hosts.post(n % 2, reports[n // 6])["status"], range(360)))
    assert (answers.count("queued"), answers.count("duplicate")) == (60, 300)
    assert all(answers[6 * n : 6 * n + 6].count("queued") == 1 for n in range(60))
    assert record_waiting(facts) == {
        "v0": 1,
        "v1": 1,
        "crowd": 60,
        **{f"v{a}-{n}": 40 for a in (0, 1) for n in range(3)},
    }


def record_waiting(facts: Facts) -> dict[str, int]:
    """Record what waits in the journal, and return the counts."""
    with facts.app.app_context():
        drain(current_journal(), "test", lambda: None)
    facts.assert_exact()
    return facts.counts()
