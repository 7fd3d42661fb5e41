"""The schemas of query parameters, without a server."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.errors import FixRequest
from pulse_analytics.reports.schemas import DaysSchema, ExportSchema, TopSchema, load_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from marshmallow import Schema

NO_DAYS = [
    "",
    "yesterday",
    "2026-02-30",
    "2026-13-01",
    "2026-1-1",
    "20260101",
    "2026-W01-1",
    "2026-01-01T00:00:00Z",
    " 2026-01-01",
    "1969-12-31",
    "0000-01-01",
    "10000-01-01",
    "\u0662\u0660\u0662\u0666-01-01",
    "2026-01-01\x00",
]


@pytest.fixture(scope="module", autouse=True)
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An application context, whose settings say which events are enabled."""
    app = create_app(Settings.parse({}, tmp_path_factory.mktemp("data")))
    with app.app_context():
        yield
        app.extensions["celery"].close()


def refused(schema: Schema, **parameters: str) -> list[str]:
    """The fields that the error names as invalid."""
    with pytest.raises(FixRequest) as refusal:
        load_query(schema, parameters)
    return [error.field for error in refusal.value.errors]


@pytest.mark.parametrize(
    "schema", [TopSchema(), DaysSchema(), ExportSchema()], ids=lambda schema: type(schema).__name__
)
@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("value", NO_DAYS)
def test_an_invalid_day_is_refused_and_named(schema: Schema, name: str, value: str) -> None:
    assert refused(schema, **{name: value}) == [name]


def text_of(held: Any) -> str:
    return urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")


CURSORS = [
    "",
    "x",
    "????",
    "ü",
    text_of(None),
    text_of([]),
    text_of({"rank": 1}),
    text_of([None, None, "", 1, 5]),
    text_of([None, None, "", 1, "5", "v"]),
    text_of([None, None, "", 1, 5, ""]),
    text_of([None, None, "", 1, 5, "a\nb"]),
    text_of([None, None, "", 0, 5, "v"]),
    text_of([None, None, "", 1, -5, "v"]),
    text_of([None, None, "", 1, 2**63, "v"]),
    text_of([None, None, "", 1.0, 5, "v"]),
    text_of([None, None, "", 1, 5, "\ud800"]),
    text_of([None, None, "", 1, 5, "v"])[:-3],
    "W" * 5000,
    urlsafe_b64encode(b"[" * 100_000).decode(),
    urlsafe_b64encode(b"9" * 10_000).decode(),
    urlsafe_b64encode(b"\xff\xfe").decode(),
]


@pytest.mark.parametrize("cursor", CURSORS, ids=range(len(CURSORS)))
def test_an_invalid_cursor_is_refused_and_named(cursor: str) -> None:
    assert refused(TopSchema(), cursor=cursor) == ["cursor"]
