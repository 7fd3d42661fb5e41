"""The ranking: who may read it, and what it contains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics.ingest.recorder import record
from pulse_analytics.reports.queries import counts_of
from tests.conftest import TOKEN
from tests.facts import Facts
from tests.reports.conftest import NO_ENTRY, counted
from tests.test_events import event

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.servers.postgres import PostgresServer

PATH = "/admin/analytics/top"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def watch(video_id: str, times: int) -> None:
    record([event(video_id, f"u{number}") for number in range(times)])


def test_the_most_watched_come_first_and_ties_are_ordered_by_id(client: FlaskClient) -> None:
    for video_id, times in {"b": 2, "a": 2, "c": 3, "d": 1}.items():
        watch(video_id, times)
    answer = client.get(PATH, headers=BEARER)
    assert answer.status_code == 200
    assert answer.get_json() == {
        "since": None,
        "until": None,
        "event": "watched_50_percent",
        "total": 8,
        "totals": {"watched_50_percent": 8},
        "videos": [
            {"rank": 1, "videoId": "c", **NO_ENTRY, **counted(3)},
            {"rank": 2, "videoId": "a", **NO_ENTRY, **counted(2)},
            {"rank": 3, "videoId": "b", **NO_ENTRY, **counted(2)},
            {"rank": 4, "videoId": "d", **NO_ENTRY, **counted(1)},
        ],
        "nextCursor": None,
    }


def test_the_limit_is_the_number_of_videos(client: FlaskClient) -> None:
    for number in range(60):
        watch(f"v{number:02}", 1)
    assert len(client.get(PATH, headers=BEARER).get_json()["videos"]) == 50
    assert [v["videoId"] for v in client.get(f"{PATH}?limit=2", headers=BEARER).get_json()["videos"]] == ["v00", "v01"]
    assert len(client.get(f"{PATH}?limit=1000", headers=BEARER).get_json()["videos"]) == 60


def test_the_ranking_reads_aggregates_and_not_raw_events(client: FlaskClient, facts: Facts) -> None:
    watch("v1", 3)
    facts.sql("DELETE FROM video_events")
    assert client.get(PATH, headers=BEARER).get_json()["videos"] == [
        {"rank": 1, "videoId": "v1", **NO_ENTRY, **counted(3)}
    ]


def test_without_views_the_ranking_is_empty(client: FlaskClient) -> None:
    nothing: dict[str, Any] = {"since": None, "until": None, "videos": [], "nextCursor": None}
    of_all = {"event": "watched_50_percent", "total": 0, "totals": {"watched_50_percent": 0}}
    assert client.get(PATH, headers=BEARER).get_json() == {**nothing, **of_all}


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "1.5", ""])
def test_an_invalid_limit_is_400_and_named(client: FlaskClient, limit: str) -> None:
    answer = client.get(f"{PATH}?limit={limit}", headers=BEARER)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.get_json()["errors"]] == ["limit"]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer no"}]
)
def test_a_wrong_or_missing_token_is_401(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(PATH, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("given", [f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, "Bearer \xff"])
def test_a_nearly_correct_token_is_401(client: FlaskClient, given: str) -> None:
    assert client.get(PATH, headers={"Authorization": given}).status_code == 401


@pytest.mark.parametrize("changed_settings", [{"PULSE_ADMIN_TOKEN": ""}])
@pytest.mark.parametrize("headers", [{}, BEARER, {"Authorization": "Bearer "}])
def test_without_a_configured_token_the_ranking_is_503_and_says_so(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    answer = client.get(PATH, headers=headers)
    assert answer.status_code == 503
    assert "PULSE_ADMIN_TOKEN" in answer.get_json()["detail"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_while_the_database_is_stopped_it_is_503(client: FlaskClient, postgres: PostgresServer) -> None:
    postgres.stop()
    try:
        answer = client.get(PATH, headers=BEARER)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    finally:
        postgres.start()
    assert client.get(PATH, headers=BEARER).status_code == 200


@pytest.mark.usefixtures("facts")
def test_counts_of_more_videos_than_one_statement_holds_are_read() -> None:
    for number in (0, 499, 500, 1200):
        watch(f"v{number}", 1)
    counts = counts_of([f"v{number}" for number in range(1300)])
    assert counts == {"v0": 1, "v499": 1, "v500": 1, "v1200": 1}
