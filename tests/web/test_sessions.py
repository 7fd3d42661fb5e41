"""Sessions are signed with one key, which all web processes share and nobody can guess; hosts' clocks may differ."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import blake2b
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
import urllib3
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature

from crash.programs import set_clock
from pulse_analytics import config
from pulse_analytics.app import create_app
from pulse_analytics.up.stack import web_command
from pulse_analytics.web.session_key import SessionKey
from tests.conftest import TOKEN
from tests.servers.web import serving
from tests.web.test_sign_in import SESSION, TOP, sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from pulse_analytics.config import Settings
    from tests.facts import Facts
    from tests.servers.valkey import ValkeyContainer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

KEY = "pulse:session-key"
GIVEN = {"PULSE_SESSION_KEY": "a-key-that-all-web-hosts-were-given"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def cookie_of(client: FlaskClient) -> dict[str, str]:
    cookie = client.get_cookie("pulse_session", path="/admin")
    assert cookie is not None
    return {"Cookie": f"pulse_session={cookie.value}"}


def test_web_processes_without_a_key_use_the_one_that_the_first_of_them_made(
    client: FlaskClient, settings: Settings, facts: Facts
) -> None:
    sign_in(client)
    assert create_app(settings).test_client(use_cookies=False).get(TOP, headers=cookie_of(client)).status_code == 200
    assert len(facts.redis.get(KEY)) >= 32
    assert facts.redis.ttl(KEY) == -1


def test_processes_that_read_the_key_at_once_get_the_same_one(app: Flask, facts: Facts) -> None:
    together = Barrier(10)

    def first_look(_: int) -> str:
        with app.app_context():
            together.wait()
            return SessionKey(None).get()

    with ThreadPoolExecutor(together.parties) as threads:
        for _ in range(20):
            facts.redis.delete(KEY)
            assert len(set(threads.map(first_look, range(together.parties)))) == 1


def test_a_cookie_cannot_be_used_to_guess_the_token(client: FlaskClient, app: Flask, facts: Facts) -> None:
    sign_in(client)
    value = cookie_of(client)["Cookie"].partition("=")[2]
    flasks = SecureCookieSessionInterface()
    for key in (TOKEN, blake2b(TOKEN.encode(), person=b"pulse session").digest()):
        app.secret_key = key
        serializer = flasks.get_signing_serializer(app)
        assert serializer is not None
        with pytest.raises(BadSignature):
            serializer.loads(value)
    # Another deployment with the same token has another key.
    facts.redis.delete(KEY)
    other = create_app(app.extensions["pulse_settings"]).test_client(use_cookies=False)
    assert other.get(TOP, headers=cookie_of(client)).status_code == 401


@pytest.mark.parametrize("changed_settings", [GIVEN])
def test_with_a_configured_key_signing_in_works_without_redis(
    client: FlaskClient, own_valkey: ValkeyContainer, settings: Settings
) -> None:
    own_valkey.kill()
    assert sign_in(client, "wrong").status_code == 401
    assert sign_in(client).status_code == 200
    assert client.get(TOP).status_code == 200
    other_host = create_app(replace(settings, redis_url="redis://127.0.0.1:1/0")).test_client(use_cookies=False)
    assert other_host.get(TOP, headers=cookie_of(client)).status_code == 200


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGSTOP"])
def test_without_a_key_signing_in_reports_that_redis_is_down_and_bearer_tokens_work(
    app: Flask, own_valkey: ValkeyContainer, signal: str
) -> None:
    own_valkey.kill(signal)
    client = app.test_client(use_cookies=False)
    cookie = {"Cookie": "pulse_session=of-earlier"}
    for path, headers in ((SESSION, {}), (SESSION, cookie), (TOP, cookie)):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 503
        assert "Redis, which holds the session key, does not answer" in answer.get_json()["detail"]
        assert int(answer.headers["Retry-After"]) > 0
        assert "Set-Cookie" not in answer.headers
    assert client.get(TOP, headers=BEARER).status_code == 200
    assert client.get(TOP, headers={**BEARER, **cookie}).status_code == 200
    assert client.get(TOP).status_code == 401


def test_once_the_key_was_read_signing_in_works_without_redis(
    client: FlaskClient, own_valkey: ValkeyContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(SESSION)
    own_valkey.kill()
    assert sign_in(client).status_code == 200
    monkeypatch.setattr(config, "SESSION_KEY_SECONDS", 0.0)
    assert client.get(TOP).status_code == 200


def test_sessions_survive_if_redis_is_emptied(
    client: FlaskClient, settings: Settings, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client)
    facts.redis.flushall()
    monkeypatch.setattr(config, "SESSION_KEY_SECONDS", 0.0)
    assert client.get(TOP).status_code == 200
    new_process = create_app(settings).test_client(use_cookies=False)
    assert new_process.get(TOP, headers=cookie_of(client)).status_code == 200


def test_a_replaced_key_is_noticed(
    app: Flask, client: FlaskClient, settings: Settings, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client)
    facts.redis.delete(KEY)
    new_process = create_app(settings).test_client()
    sign_in(new_process)
    assert client.get(TOP).status_code == 200
    monkeypatch.setattr(config, "SESSION_KEY_SECONDS", 0.0)
    assert client.get(TOP).status_code == 401
    assert app.test_client(use_cookies=False).get(TOP, headers=cookie_of(new_process)).status_code == 200


def test_an_empty_key_in_redis_is_not_used(client: FlaskClient, facts: Facts) -> None:
    facts.redis.set(KEY, "")
    assert client.get(SESSION).status_code == 503


@pytest.mark.parametrize("changed_settings", [GIVEN])
def test_web_hosts_whose_clocks_differ_by_up_to_a_minute_share_sessions(
    client: FlaskClient, worker_env: dict[str, str], settings: Settings, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    set_clock(clock, 0)
    env = {**worker_env, "PULSE_REDIS_URL": settings.redis_url, "CRASH_CLOCK": str(clock)}
    http = urllib3.PoolManager(retries=False)
    sign_in(client)
    with serving(lambda port: web_command(port, 1, "crash.shifted_asgi:app"), env, tmp_path) as other_host:

        def accepted(ahead_seconds: int) -> tuple[bool, bool]:
            """Whether each host accepts the other's session, while the other host's clock is this far ahead."""
            set_clock(clock, ahead_seconds * 1_000_000_000)
            theirs = http.request("GET", f"{other_host.url}{TOP}", headers=cookie_of(client)).status
            state = http.request("GET", f"{other_host.url}{SESSION}")
            cookie = state.headers["Set-Cookie"].partition(";")[0]
            headers = {"X-CSRF-Token": state.json()["csrfToken"], "Cookie": cookie}
            signed_in = http.request("POST", f"{other_host.url}{SESSION}", headers=headers, json={"token": TOKEN})
            session = {"Cookie": signed_in.headers["Set-Cookie"].partition(";")[0]}
            ours = create_app(settings).test_client(use_cookies=False).get(TOP, headers=session).status_code
            return theirs == 200, ours == 200

        for seconds in (0, 3, -3, 50, -50):
            assert accepted(seconds) == (True, True)
        assert accepted(200) == (True, False)
        assert accepted(-200) == (False, True)
