"""A client of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.reports.conftest import BEARER, reader  # noqa: F401

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

PATH = "/admin/videos"


class Catalogue(NamedTuple):
    """A client with the admin token."""

    client: FlaskClient

    def ask(self, method: str, body: object = None, **parameters: Any) -> TestResponse:
        """The answer, of any status."""
        return self.client.open(PATH, method=method, json=body, query_string=parameters, headers=BEARER)

    def put(self, *videos: dict[str, Any]) -> None:
        """Store these entries."""
        answer = self.ask("PUT", {"videos": videos})
        assert (answer.status_code, answer.get_json()) == (200, {"stored": len(videos)}), answer.text

    def refused(self, method: str, body: object) -> dict[str, str]:
        """The faults that a 400 names, by field."""
        answer = self.ask(method, body)
        assert (answer.status_code, answer.content_type) == (400, "application/problem+json"), answer.text
        return {error["field"]: error["detail"] for error in answer.get_json()["errors"]}

    def all(self, **parameters: Any) -> list[dict[str, Any]]:
        """The entries of all pages."""
        page = self.ask("GET", **parameters).get_json()
        videos: list[dict[str, Any]] = page["videos"]
        while page["nextCursor"]:
            page = self.ask("GET", **parameters, cursor=page["nextCursor"]).get_json()
            assert page["videos"]
            videos = videos + page["videos"]
        return videos

    def ids(self, **parameters: Any) -> list[str]:
        """The ids on all pages."""
        return [video["videoId"] for video in self.all(**parameters)]


@pytest.fixture
def catalogue(client: FlaskClient) -> Catalogue:
    """A client with the admin token."""
    return Catalogue(client)


def entry(video_id: str, **fields: Any) -> dict[str, Any]:
    """An entry as GET shows it."""
    nothing: dict[str, Any] = {"title": None, "pageUrl": None, "durationSeconds": None, "posterUrl": None, "tags": []}
    return {"videoId": video_id, **nothing, **fields}
