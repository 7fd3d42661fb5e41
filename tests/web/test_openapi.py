"""GET /openapi.json describes the API: it has every route, and its examples are the real answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import validate

from pulse_analytics.app import create_app
from pulse_analytics.config import BATCH_BODY_LIMIT_BYTES, BATCH_LIMIT_EVENTS, Settings
from pulse_analytics.events import ID_RULES, MAX_TS, is_id
from pulse_analytics.web.openapi.document import methods_of, path_of
from tests.conftest import TOKEN
from tests.reports.conftest import BEARER, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.facts import Facts

Json = dict[str, Any]
HISTORY = {"intro": {0: 1, 2: 3}, "tides": {0: 1}}


@pytest.fixture
def plain_app(tmp_path: Path) -> Iterator[Flask]:
    """An application that needs no server."""
    app = create_app(Settings.parse({"PULSE_ADMIN_TOKEN": TOKEN}, tmp_path))
    yield app
    app.extensions["celery"].close()


@pytest.fixture
def document(plain_app: Flask) -> Json:
    answer = plain_app.test_client().get("/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    found: Json = answer.get_json()
    return found


def test_exactly_the_routes_of_the_api_are_documented(plain_app: Flask, document: Json) -> None:
    routes = {
        (path_of(rule), method)
        for rule in plain_app.url_map.iter_rules()
        for method in methods_of(rule)
        if not rule.endpoint.startswith("site.")  # Pages.
    }
    assert routes == {(path, method) for path, methods in document["paths"].items() for method in methods}


def test_the_document_is_openapi_3_1(document: Json) -> None:
    assert document["openapi"].startswith("3.1.")
    validate(document)


def test_the_limits_of_a_report_come_from_the_schemas(document: Json) -> None:
    schemas = document["components"]["schemas"]
    report = schemas["Report"]["properties"]
    assert report["event"]["enum"] == ["watched_50_percent"]
    assert (report["ts"]["minimum"], report["ts"]["maximum"]) == (0, MAX_TS)
    assert (report["videoId"]["minLength"], report["userId"]["maxLength"]) == (1, 128)
    assert schemas["Batch"]["properties"]["events"]["maxItems"] == BATCH_LIMIT_EVENTS
    body = document["paths"]["/analytics/batch"]["post"]["requestBody"]
    assert f"{BATCH_BODY_LIMIT_BYTES // 1024} KiB" in body["description"]


def test_the_enum_of_events_holds_the_enabled_event_types(tmp_path: Path) -> None:
    app = create_app(Settings.parse({"PULSE_EVENTS": "watched_75_percent,video_started"}, tmp_path))
    schemas = app.test_client().get("/openapi.json").get_json()["components"]["schemas"]
    app.extensions["celery"].close()
    assert schemas["Report"]["properties"]["event"]["enum"] == ["video_started", "watched_75_percent"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
@example("x" * 128)
@example("x" * 129)
@example("\U0001f600" * 128)
@example("")
@example("a\n")
@example("\x9f")
def test_the_document_and_the_server_accept_the_same_ids(text: str) -> None:
    assert Draft202012Validator(ID_RULES).is_valid(text) == is_id(text)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestExamples:
    """The document's examples, sent as requests."""

    @pytest.fixture
    def shown(self, client: FlaskClient, facts: Facts) -> Json:
        write(facts, HISTORY)
        found: Json = client.get("/openapi.json").get_json()
        return found

    def test_each_example_of_a_report_is_answered_with_the_example_of_the_same_name(
        self, client: FlaskClient, shown: Json
    ) -> None:
        asked = 0
        for path in ("/analytics", "/analytics/batch"):
            operation = shown["paths"][path]["post"]
            for name, request in operation["requestBody"]["content"]["application/json"]["examples"].items():
                answer = client.post(path, json=request["value"])
                assert answer.get_json() == _example(operation, answer.status_code, name)
                asked += 1
        assert asked == 3

    @pytest.mark.parametrize(
        "path", ["top", "videos/{video_id}", "series", "export.csv"], ids=["top", "video", "series", "export"]
    )
    def test_each_admin_report_equals_its_example(self, client: FlaskClient, shown: Json, path: str) -> None:
        operation = shown["paths"][f"/admin/analytics/{path}"]["get"]
        given = {
            each["name"]: each["schema"]["examples"][0]
            for each in operation["parameters"]
            if "examples" in each["schema"]
        }
        address = f"/admin/analytics/{path}".format(video_id=given.pop("video_id", ""))
        answer = client.get(address, query_string=given, headers=BEARER)
        assert (answer.get_json() if answer.is_json else answer.text) == _example(operation, 200, "example")

    @pytest.mark.parametrize("path", ["/admin/analytics/live", "/admin/session", "/healthz", "/readyz"])
    def test_answers_that_vary_have_the_shape_of_their_examples(
        self, client: FlaskClient, shown: Json, path: str
    ) -> None:
        operation = shown["paths"][path]["get"]
        answer = client.get(path, headers=BEARER)
        assert answer.status_code == 200
        schema = {
            **operation["responses"]["200"]["content"]["application/json"]["schema"],
            "components": shown["components"],
        }
        for value in (answer.get_json(), _example(operation, 200, "example")):
            Draft202012Validator(schema).validate(value)

    def test_each_error_is_answered_as_in_its_example(self, client: FlaskClient, shown: Json) -> None:
        csrf = {"X-CSRF-Token": client.get("/admin/session").get_json()["csrfToken"]}
        report = shown["paths"]["/analytics"]["post"]["requestBody"]["content"]["application/json"]["examples"][
            "queued"
        ]["value"]
        tries = [client.post("/admin/session", json={"token": "wrong"}, headers=csrf) for _ in range(6)]
        answers = {
            400: client.post("/analytics", json={**report, "ts": "soon"}),
            401: client.get("/admin/analytics/top"),
            403: client.delete("/admin/session"),
            404: client.get("/admin/analytics/videos/none", headers=BEARER),
            413: client.post("/analytics", data=b" " * 20_000, content_type="application/json"),
            415: client.post("/analytics", data="videoId=intro"),
            429: tries[-1],
        }
        for status, answer in answers.items():
            _assert_is_problem(answer, shown["components"]["responses"][f"Problem{status}"])
        # Those that take a hanging client or server: test_protocol.py and test_hangs.py.
        assert {f"Problem{status}" for status in (*answers, 408, 503)} == set(shown["components"]["responses"])


def _example(operation: Json, status: int, name: str) -> object:
    [media] = operation["responses"][str(status)]["content"].values()
    return media["examples"][name]["value"]


def _assert_is_problem(answer: TestResponse, problem: Json) -> None:
    [(content_type, media)] = problem["content"].items()
    assert (answer.content_type, answer.get_json()) == (content_type, media["examples"]["problem"]["value"])
    assert set(problem.get("headers", ())) <= set(answer.headers.keys())


class TestPage:
    """GET /docs, the document for people: it needs no Redis, no script and no built site."""

    def test_the_page_shows_every_operation_and_every_error(self, plain_app: Flask, document: Json) -> None:
        answer = plain_app.test_client().get("/docs")
        assert (answer.status_code, answer.mimetype) == (200, "text/html")
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                assert f"<b>{method.upper()}</b> <code>{path}</code>" in answer.text
                assert f'<h3 id="{operation["operationId"]}">' in answer.text
        for status in (400, 401, 403, 404, 408, 413, 415, 429, 503):
            assert f'<h3 id="error{status}">' in answer.text

    def test_the_page_obeys_the_content_security_policy_of_the_site(self, plain_app: Flask) -> None:
        client = plain_app.test_client()
        answer = client.get("/docs")
        assert "style-src 'self'" in answer.headers["Content-Security-Policy"]
        for forbidden in ("<script", "<style", "style=", "http-equiv", "//cdn"):
            assert forbidden not in answer.text
        style = client.get("/docs.css", buffered=True)
        assert (style.status_code, style.mimetype) == (200, "text/css")
