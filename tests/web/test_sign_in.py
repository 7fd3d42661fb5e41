"""Signing in with a browser: the session, its cookie, and which sign-ins are refused."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics import config
from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from tests.conftest import TOKEN
from tests.facts import report

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.facts import Facts

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SESSION = "/admin/session"
TOP = "/admin/analytics/top"


def csrf(client: FlaskClient) -> dict[str, str]:
    return {"X-CSRF-Token": client.get(SESSION).get_json()["csrfToken"]}


def sign_in(client: FlaskClient, token: str = TOKEN, **options: Any) -> TestResponse:
    return client.post(SESSION, json={"token": token}, headers=csrf(client), **options)


def test_the_token_opens_a_session_that_can_read_until_sign_out(client: FlaskClient) -> None:
    assert client.get(TOP).status_code == 401
    assert client.get(SESSION).get_json()["signedIn"] is False
    assert sign_in(client).get_json()["signedIn"] is True
    assert client.get(TOP).status_code == 200
    assert client.delete(SESSION, headers=csrf(client)).status_code == 204
    assert client.get(TOP).status_code == 401


def test_scripts_and_other_sites_cannot_use_the_session_cookie(client: FlaskClient) -> None:
    cookie = sign_in(client).headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/admin", "Expires="))
    assert "Secure" not in cookie
    assert TOKEN not in cookie


@pytest.mark.parametrize(
    ("changed_settings", "options", "secure"),
    [
        ({}, {"base_url": "https://pulse.example"}, True),
        ({}, {"headers": {"X-Forwarded-Proto": "https"}}, False),
        ({"PULSE_TRUSTED_PROXIES": "1"}, {"headers": {"X-Forwarded-Proto": "https"}}, True),
        ({"PULSE_TRUSTED_PROXIES": "1"}, {"headers": {"X-Forwarded-Proto": "https, http"}}, False),
    ],
)
def test_under_https_the_session_cookie_is_secure(client: FlaskClient, options: dict[str, Any], secure: bool) -> None:
    headers = client.get(SESSION, **options).headers
    assert ("Secure" in headers["Set-Cookie"]) is secure
    assert headers.get("Strict-Transport-Security") == ("max-age=31536000" if secure else None)


@pytest.mark.parametrize("headers", [{}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "forged"}, {"X-CSRF-Token": "\xff"}])
def test_a_sign_in_without_a_valid_csrf_token_is_403(client: FlaskClient, headers: dict[str, str]) -> None:
    csrf(client)
    assert client.post(SESSION, json={"token": TOKEN}, headers=headers).status_code == 403
    sign_in(client)
    csrf(client)
    assert client.delete(SESSION, headers=headers).status_code == 403
    assert client.get(TOP).status_code == 200


def test_without_a_cookie_no_csrf_token_is_valid(app: Flask, client: FlaskClient) -> None:
    stranger = app.test_client(use_cookies=False)
    assert stranger.post(SESSION, json={"token": TOKEN}, headers=csrf(client)).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"token": 1}, 400),
        ([], 400),
        ({"token": "wrong"}, 401),
        ({"token": "é"}, 401),
        ({"token": "x" * 20_000}, 413),
    ],
)
def test_a_wrong_token_does_not_sign_in(client: FlaskClient, body: object, status: int) -> None:
    answer = client.post(SESSION, json=body, headers=csrf(client))
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert client.get(TOP).status_code == 401


def test_after_five_wrong_tries_even_the_correct_token_is_429(
    client: FlaskClient, app: Flask, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "SIGN_IN_SECONDS", 1)
    assert [sign_in(client, "wrong").status_code for _ in range(6)] == [401] * 5 + [429]
    answer = sign_in(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    elsewhere = sign_in(app.test_client(), environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 200
    time.sleep(1.1)
    assert sign_in(client).status_code == 200
    assert facts.redis.keys("pulse:sign-in:*") == []


@pytest.mark.parametrize("changed_settings", [{}, {"PULSE_TRUSTED_PROXIES": "1"}])
def test_tries_are_counted_by_the_address_that_the_proxy_saw_even_if_the_client_forges_one(
    client: FlaskClient, facts: Facts, changed_settings: dict[str, str]
) -> None:
    proxied = [f"6.6.6.{number}, 203.0.113.1" for number in range(6)]
    tries = [client.post(SESSION, json={"token": "x"}, headers={**csrf(client), "X-Forwarded-For": f}) for f in proxied]
    assert [answer.status_code for answer in tries] == [401] * 5 + [429]
    assert facts.redis.keys("pulse:sign-in:*") == [
        f"pulse:sign-in:{'203.0.113.1' if changed_settings else '127.0.0.1'}"
    ]


def test_a_count_of_wrong_tries_without_a_ttl_gets_one(client: FlaskClient, facts: Facts) -> None:
    key = "pulse:sign-in:127.0.0.1"
    facts.redis.set(key, 1)
    assert sign_in(client, "wrong").status_code == 401
    assert int(facts.redis.get(key) or 0) == 2
    assert 0 < facts.redis.ttl(key) <= config.SIGN_IN_SECONDS


def test_a_sign_in_is_logged_by_address_and_name_of_the_token(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in(client, "wrong-one", environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    sign_in(client, environ_overrides={"REMOTE_ADDR": "192.0.2.8"})
    assert caplog.messages == [
        "Wrong admin token from 192.0.2.7 (sign-in, try 1)",
        "Signed in from 192.0.2.8 with the admin token named admin",
    ]
    assert {record.levelname for record in caplog.records} == {"WARNING"}  # Nothing below is written.


def test_a_session_expires(client: FlaskClient, app: Flask) -> None:
    app.permanent_session_lifetime = 1  # Flask takes seconds, too.
    sign_in(client)
    [cookie] = [value for value in [client.get_cookie("pulse_session", path="/admin")] if value]
    assert client.get(TOP).status_code == 200
    time.sleep(2.1)
    # The browser would have forgotten it; a copy of it is worth nothing either.
    copied = app.test_client(use_cookies=False).get(TOP, headers={"Cookie": f"pulse_session={cookie.value}"})
    assert copied.status_code == 401


def test_changing_the_admin_token_ends_all_sessions(client: FlaskClient, settings: Settings, tmp_path: Path) -> None:
    sign_in(client)
    cookie = client.get_cookie("pulse_session", path="/admin")
    assert cookie is not None
    for token, status in {TOKEN: 200, "another-token-of-20-characters": 401}.items():
        tokens = Settings.parse({"PULSE_ADMIN_TOKEN": token}, tmp_path).admin_tokens
        after = create_app(replace(settings, admin_tokens=tokens)).test_client(use_cookies=False)
        assert after.get(TOP, headers={"Cookie": f"pulse_session={cookie.value}"}).status_code == status


def test_a_wrong_bearer_token_is_401_even_with_a_valid_session(client: FlaskClient) -> None:
    sign_in(client)
    assert client.get(TOP, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_players_get_no_cookie_and_cookies_that_they_send_are_ignored(client: FlaskClient) -> None:
    answer = client.post("/analytics", json=report(), headers={"Cookie": "pulse_session=forged"})
    assert answer.status_code == 202
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("changed_settings", [{"PULSE_ADMIN_TOKEN": ""}])
def test_without_a_configured_token_nobody_can_sign_in_to_the_admin_page(client: FlaskClient) -> None:
    for answer in (client.get(SESSION), client.post(SESSION, json={"token": ""}), client.delete(SESSION)):
        assert answer.status_code == 503
        assert "PULSE_ADMIN_TOKEN" in answer.get_json()["detail"]


def test_a_link_to_the_session_address_redirects_to_the_page_and_changes_no_cookie(client: FlaskClient) -> None:
    answer = client.get(SESSION, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (answer.status_code, answer.location) == (303, "/admin")
    assert "Set-Cookie" not in answer.headers


def test_answers_to_signed_in_browsers_are_not_cached(client: FlaskClient) -> None:
    paths = [SESSION, TOP, "/admin/analytics/live", "/admin/analytics/export.csv", "/admin/analytics/videos/none"]
    kept = {path: client.get(path).headers["Cache-Control"] for path in paths}
    sign_in(client)
    kept |= {f"{path}, signed in": client.get(path, buffered=True).headers["Cache-Control"] for path in paths}
    assert set(kept.values()) == {"no-store"}, kept
