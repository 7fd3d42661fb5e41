"""Who may use the admin API: roles, revoked tokens and wrong tokens."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import urllib3
from flask import Blueprint

from pulse_analytics.app import create_app
from pulse_analytics.config import SIGN_IN_SECONDS, Settings
from pulse_analytics.web.guard import require_admin
from tests.conftest import TOKEN
from tests.web.test_sign_in import SESSION, TOP, csrf, sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.facts import Facts
    from tests.servers.valkey import ValkeyContainer
    from tests.servers.web import Web

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

READER = "a-token-that-only-reads"
TOKENS = {"PULSE_ADMIN_TOKENS": f"dash:read:{READER}"}
CHANGE = "/admin/analytics/change"
GUESSES = 50


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def from_address(address: str) -> dict[str, str]:
    return {"REMOTE_ADDR": address}


@pytest.fixture
def changeable(app: Flask) -> Flask:
    """The application with a route that changes something, behind the guard."""
    blueprint = Blueprint("change", __name__)
    blueprint.before_request(require_admin)
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    blueprint.add_url_rule(CHANGE, view_func=dict, methods=methods)
    app.register_blueprint(blueprint)
    return app


@pytest.mark.parametrize("changed_settings", [TOKENS])
def test_a_read_token_can_change_nothing_and_a_full_token_can(changeable: Flask) -> None:
    client = changeable.test_client()
    for method in ("GET", "HEAD"):
        assert client.open(TOP, method=method, headers=bearer(READER)).status_code == 200
        assert client.open(CHANGE, method=method, headers=bearer(READER)).status_code == 200
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused = client.open(CHANGE, method=method, headers=bearer(READER))
        assert (refused.status_code, refused.content_type) == (403, "application/problem+json")
        assert "dash may only read" in refused.get_json()["detail"]
        assert client.open(CHANGE, method=method, headers=bearer()).status_code == 200


@pytest.mark.parametrize("changed_settings", [TOKENS])
def test_a_browser_has_the_rights_of_its_token_and_needs_a_csrf_token_for_changes(changeable: Flask) -> None:
    reader, admin = changeable.test_client(), changeable.test_client()
    sign_in(reader, READER)
    sign_in(admin)
    assert reader.get(TOP).status_code == 200
    assert reader.post(CHANGE, headers=csrf(reader)).status_code == 403
    assert admin.post(CHANGE, headers=csrf(admin)).status_code == 200
    assert admin.post(CHANGE).status_code == 403
    assert admin.post(CHANGE, headers={"X-CSRF-Token": "forged"}).status_code == 403


@pytest.mark.parametrize("changed_settings", [{**TOKENS, "PULSE_ADMIN_TOKEN": ""}])
def test_revoking_one_token_leaves_the_others_valid(client: FlaskClient, settings: Settings, tmp_path: Path) -> None:
    assert client.get(TOP, headers=bearer(READER)).status_code == 200
    sign_in(client, READER)
    cookie = client.get_cookie("pulse_session", path="/admin")
    assert cookie is not None
    signed_in = {"Cookie": f"pulse_session={cookie.value}"}
    for kept, entries in {True: f"dash:read:{READER}, b:full:{TOKEN}", False: f"b:full:{TOKEN}"}.items():
        tokens = Settings.parse({"PULSE_ADMIN_TOKENS": entries}, tmp_path).admin_tokens
        after = create_app(replace(settings, admin_tokens=tokens)).test_client(use_cookies=False)
        expected = 200 if kept else 401
        assert after.get(TOP, headers=bearer(READER)).status_code == expected
        assert after.get(TOP, headers=signed_in).status_code == expected
        assert after.get(TOP, headers=bearer()).status_code == 200


def test_after_five_wrong_tokens_bearer_requests_and_sign_ins_of_that_address_are_429(
    client: FlaskClient, app: Flask, facts: Facts
) -> None:
    answers = [client.get(TOP, headers=bearer(f"wrong-{number}")) for number in range(4)]
    answers.append(sign_in(client, "wrong"))
    assert [answer.status_code for answer in answers] == [401] * 5
    refused = [client.get(TOP, headers=bearer("wrong")), sign_in(client, "wrong"), sign_in(client)]
    assert [answer.status_code for answer in refused] == [429] * 3
    assert {answer.content_type for answer in refused} == {"application/problem+json"}
    assert all(0 < int(answer.headers["Retry-After"]) <= SIGN_IN_SECONDS for answer in refused)
    assert len({answer.data for answer in refused}) == 1
    elsewhere = client.get(TOP, headers=bearer("wrong"), environ_overrides=from_address("192.0.2.7"))
    assert elsewhere.status_code == 401
    assert 0 < facts.redis.ttl("pulse:sign-in:127.0.0.1") <= SIGN_IN_SECONDS


def test_a_correct_bearer_token_is_accepted_however_many_wrong_ones_its_address_sent(client: FlaskClient) -> None:
    for _ in range(20):
        client.get(TOP, headers=bearer("wrong"))
    assert client.get(TOP, headers=bearer("wrong")).status_code == 429
    assert client.get(TOP, headers=bearer()).status_code == 200


@pytest.mark.parametrize("authorization", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "Token x"])
def test_a_header_without_a_bearer_token_does_not_count_as_a_wrong_token(
    client: FlaskClient, facts: Facts, authorization: str
) -> None:
    assert client.get(TOP, headers={"Authorization": authorization}).status_code == 401
    assert facts.redis.keys("pulse:sign-in:*") == []


def test_all_ipv6_addresses_of_a_host_count_as_one_and_ipv4_in_ipv6_counts_as_ipv4(
    client: FlaskClient, facts: Facts
) -> None:
    ipv6 = ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1", "fe80::1%2"]
    for address in [*ipv6, "::ffff:192.0.2.7", "192.0.2.7"]:
        client.get(TOP, headers=bearer("wrong"), environ_overrides=from_address(address))
    assert {key: facts.redis.get(key) for key in facts.redis.keys("pulse:sign-in:*")} == {
        "pulse:sign-in:2001:db8:0:1::/64": "2",
        "pulse:sign-in:2001:db8:0:2::/64": "1",
        "pulse:sign-in:192.0.2.7": "2",
        "pulse:sign-in:fe80::/64": "1",
    }


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGSTOP"])
def test_while_redis_does_not_answer_a_correct_bearer_token_is_accepted_and_a_wrong_one_refused(
    client: FlaskClient, own_valkey: ValkeyContainer, signal: str
) -> None:
    own_valkey.kill(signal)
    assert [client.get(TOP, headers=bearer("wrong")).status_code for _ in range(7)] == [401] * 7
    assert client.get(TOP, headers=bearer()).status_code == 200


def test_of_fifty_guesses_at_once_five_are_answered_401_and_the_log_names_their_address(web: Web) -> None:
    http = urllib3.PoolManager(maxsize=GUESSES, retries=False)
    top = f"{web.url}{TOP}"

    def guess(number: int) -> int:
        return http.request("GET", top, headers=bearer(f"guess-{number}")).status

    with ThreadPoolExecutor(GUESSES) as threads:
        statuses = sorted(threads.map(guess, range(GUESSES)))
    assert statuses == [401] * 5 + [429] * (GUESSES - 5)
    state = http.request("GET", f"{web.url}{SESSION}")
    headers = {"X-CSRF-Token": state.json()["csrfToken"], "Cookie": state.headers["Set-Cookie"].partition(";")[0]}
    assert http.request("POST", f"{web.url}{SESSION}", headers=headers, json={"token": TOKEN}).status == 429
    assert http.request("GET", top, headers=bearer()).status == 200

    log = web.process.logs().decode()
    lines = re.findall(r"^Wrong admin token from (\S+) \(bearer, (.*?)\)", log, re.MULTILINE)
    assert {line for line in lines if "try" in line[1]} == {("127.0.0.1", f"try {number}") for number in range(1, 6)}
    assert 1 <= lines.count(("127.0.0.1", "one too many")) <= 2, "one of each process, for all 45"
    assert TOKEN not in log
    assert "guess-" not in log
