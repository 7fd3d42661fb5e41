"""PUT, DELETE and GET /admin/videos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics.catalogue.schemas import MAX_TAGS, MAX_VIDEOS, MOST_ERRORS
from pulse_analytics.ingest.recorder import record
from tests.catalogue.conftest import PATH, entry
from tests.test_events import event
from tests.web.test_guard import READER, TOKENS, bearer
from tests.web.test_sign_in import csrf, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.catalogue.conftest import Catalogue
    from tests.facts import Facts

WHOLE = {
    "videoId": "intro",
    "title": "An introduction",
    "pageUrl": "https://video.example/intro",
    "durationSeconds": 92.5,
    "posterUrl": "http://video.example/intro.jpg",
    "tags": ["basics", "music"],
}
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_entries_are_stored_replaced_as_a_whole_and_deleted(catalogue: Catalogue) -> None:
    for _ in range(2):
        catalogue.put(WHOLE, {"videoId": "tides", "tags": ["sea", "music", "sea"]})
        assert catalogue.all() == [WHOLE, entry("tides", tags=["music", "sea"])]
    catalogue.put({"videoId": "intro", "title": "Again", "tags": ["basics"]})
    assert catalogue.all() == [entry("intro", title="Again", tags=["basics"]), entry("tides", tags=["music", "sea"])]
    answer = catalogue.ask("DELETE", {"videoIds": ["tides", "none"]})
    assert (answer.status_code, answer.get_json()) == (200, {"deleted": 1})
    assert catalogue.all() == [entry("intro", title="Again", tags=["basics"])]


def test_what_get_shows_can_be_put_back(catalogue: Catalogue) -> None:
    catalogue.put(WHOLE, {"videoId": "bare"})
    shown = catalogue.all()
    catalogue.put(*shown)
    assert catalogue.all() == shown


def test_if_one_entry_is_wrong_none_is_stored(catalogue: Catalogue) -> None:
    assert catalogue.refused("PUT", {"videos": [WHOLE, {"videoId": "b", "durationSeconds": -1}]}) == {
        "videos.1.durationSeconds": "Must be greater than 0."
    }
    assert catalogue.all() == []


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"videoId": ""}, "videoId"),
        ({"videoId": "x" * 129}, "videoId"),
        ({"videoId": 1}, "videoId"),
        ({"title": "x" * 501}, "title"),
        ({"title": ""}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": "\0"}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"title": 7}, "title"),
        ({"pageUrl": "javascript:alert(1)"}, "pageUrl"),
        ({"pageUrl": "/intro"}, "pageUrl"),
        ({"pageUrl": "https://"}, "pageUrl"),
        ({"pageUrl": "https://a b"}, "pageUrl"),
        ({"pageUrl": "https://a\ud800"}, "pageUrl"),
        ({"pageUrl": f"https://{'x' * 2041}"}, "pageUrl"),
        ({"posterUrl": "data:image/png,"}, "posterUrl"),
        ({"durationSeconds": 0}, "durationSeconds"),
        ({"durationSeconds": "12"}, "durationSeconds"),
        ({"durationSeconds": True}, "durationSeconds"),
        ({"durationSeconds": float("nan")}, "durationSeconds"),
        ({"durationSeconds": 10**400}, "durationSeconds"),
        ({"tags": "music"}, "tags"),
        ({"tags": None}, "tags"),
        ({"tags": ["music", ""]}, "tags.1"),
        ({"tags": ["x" * 65]}, "tags.0"),
        ({"tags": [str(number) for number in range(MAX_TAGS + 1)]}, "tags"),
        ({"titel": "A"}, "titel"),
    ],
    ids=str,
)
def test_a_wrong_field_is_400_and_named(catalogue: Catalogue, fields: dict[str, Any], named: str) -> None:
    assert list(catalogue.refused("PUT", {"videos": [WHOLE, {"videoId": "b", **fields}]})) == [f"videos.1.{named}"]


@on_sqlite
def test_a_wrong_body_is_400_and_named(catalogue: Catalogue) -> None:
    many = [{"videoId": str(number)} for number in range(MAX_VIDEOS + 1)]
    for videos in ([], many, "x", None):
        assert list(catalogue.refused("PUT", {"videos": videos})) == ["videos"]
    assert list(catalogue.refused("PUT", {})) == ["videos"]
    assert list(catalogue.refused("PUT", [])) == ["body"]
    assert list(catalogue.refused("PUT", {"videos": [WHOLE, 3, None]})) == ["videos.1", "videos.2"]
    assert list(catalogue.refused("PUT", {"videos": [WHOLE, {}]})) == ["videos.1.videoId"]
    assert list(catalogue.refused("PUT", {"videos": [WHOLE, WHOLE]})) == ["videos.1.videoId"]
    assert list(catalogue.refused("PUT", {"videos": [{}] * MAX_VIDEOS})) == [
        f"videos.{number}.videoId" for number in range(MOST_ERRORS)
    ]
    assert list(catalogue.refused("DELETE", {"videoIds": []})) == ["videoIds"]
    assert list(catalogue.refused("DELETE", {"videoIds": ["a", "\n"]})) == ["videoIds.1"]
    catalogue.put(*many[:-1])
    assert catalogue.ask("DELETE", {"videoIds": [video["videoId"] for video in many[:-1]]}).get_json() == {
        "deleted": MAX_VIDEOS
    }


@on_sqlite
@pytest.mark.parametrize("changed_settings", [TOKENS])
def test_a_change_needs_a_full_token_or_a_session_of_one_with_its_csrf_token(client: FlaskClient) -> None:
    changes = {"PUT": {"videos": [WHOLE]}, "DELETE": {"videoIds": ["intro"]}}
    browser, reading_browser = (client.application.test_client() for _ in range(2))
    sign_in(browser)
    sign_in(reading_browser, READER)
    for method, body in changes.items():

        def status(client: FlaskClient, headers: dict[str, str], method: str = method, body: object = body) -> int:
            return client.open(PATH, method=method, json=body, headers=headers).status_code

        assert status(client, {}) == 401
        assert status(client, bearer("wrong")) == 401
        assert status(client, bearer(READER)) == 403
        assert status(client, bearer()) == 200
        assert status(browser, {}) == 403
        assert status(browser, csrf(browser)) == 200
        assert status(reading_browser, csrf(reading_browser)) == 403
    for reader in (browser, reading_browser):
        assert reader.get(PATH).status_code == 200
    assert client.get(PATH, headers=bearer(READER)).headers["Cache-Control"] == "no-store"
    assert client.get(PATH).status_code == 401


@on_sqlite
def test_a_body_that_is_too_large_or_not_json_is_refused(client: FlaskClient) -> None:
    for data, kind, status in ((b" " * 2**20, "application/json", 400), (b" " * (2**20 + 1), "application/json", 413)):
        assert client.put(PATH, data=data, content_type=kind, headers=bearer()).status_code == status
    assert client.put(PATH, data=b"{}", content_type="text/plain", headers=bearer()).status_code == 415


def test_pages_hold_each_entry_once_by_id(catalogue: Catalogue) -> None:
    ids = ["B", "Z", "_", "a", "b", "ä", "\U0001f600"]
    catalogue.put(*({"videoId": video_id} for video_id in reversed(ids)))
    for limit in (1, 2, 7, 8):
        assert catalogue.ids(limit=limit) == ids


@on_sqlite
def test_an_invalid_parameter_is_400_and_named(catalogue: Catalogue) -> None:
    for name, value in {"limit": "0", "cursor": "?", "q": "\n", "colour": "red"}.items():
        answer = catalogue.ask("GET", **{name: value})
        assert [error["field"] for error in answer.get_json()["errors"]] == [name]
    assert catalogue.ask("GET", cursor="AA").status_code == 400, "a NUL is no id"


def test_a_report_leaves_the_catalogue_as_it_is_and_a_video_needs_no_entry(catalogue: Catalogue, facts: Facts) -> None:
    catalogue.put(WHOLE)
    record([event("intro"), event("unknown")])
    assert catalogue.all() == [WHOLE]
    assert facts.counts() == {"intro": 1, "unknown": 1}
    catalogue.ask("DELETE", {"videoIds": ["intro"]})
    assert facts.counts() == {"intro": 1, "unknown": 1}
