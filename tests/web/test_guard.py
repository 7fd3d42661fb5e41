"""Who may use the admin API: roles, and revoked tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from flask import Blueprint

from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.web.guard import require_admin
from tests.conftest import TOKEN
from tests.web.test_sign_in import TOP, csrf, sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient


pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

READER = "a-token-that-only-reads"
TOKENS = {"PULSE_ADMIN_TOKENS": f"dash:read:{READER}"}
CHANGE = "/admin/analytics/change"


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


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
def test_a_token_that_reads_changes_nothing_and_a_full_one_does(changeable: Flask) -> None:
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
def test_a_browser_may_what_its_token_may_and_its_changes_come_from_a_page_of_ours(changeable: Flask) -> None:
    reader, admin = changeable.test_client(), changeable.test_client()
    sign_in(reader, READER)
    sign_in(admin)
    assert reader.get(TOP).status_code == 200
    assert reader.post(CHANGE, headers=csrf(reader)).status_code == 403
    assert admin.post(CHANGE, headers=csrf(admin)).status_code == 200
    assert admin.post(CHANGE).status_code == 403
    assert admin.post(CHANGE, headers={"X-CSRF-Token": "forged"}).status_code == 403


@pytest.mark.parametrize("changed_settings", [{**TOKENS, "PULSE_ADMIN_TOKEN": ""}])
def test_one_token_is_revoked_alone(client: FlaskClient, settings: Settings, tmp_path: Path) -> None:
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
