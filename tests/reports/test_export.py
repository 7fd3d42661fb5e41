"""The export: every count, as text, in pieces; an incomplete file says that it is incomplete."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from pulse_analytics.database import db
from pulse_analytics.errors import TryAgain
from pulse_analytics.reports import export
from pulse_analytics.reports.paging import Counted
from tests.facts import Facts
from tests.reports.conftest import BEARER, PATH, History, Reader, day, write
from tests.reports.test_ranking import DAYS, HISTORIES, added_up
from tests.reports.test_series import STRANGE
from tests.test_events import ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.postgres import PostgresServer

FORMULAS = ["=1+1", "+1", "-1", "@SUM(1)", " =1", "\u00a0=1", "\u3000=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"]


def read(reader: Reader, **parameters: Any) -> list[list[str]]:
    """The rows of the file, as a CSV reader parses them."""
    answer = reader.ask("/export.csv", parameters)
    assert (answer.status_code, answer.content_type) == (200, "text/csv; charset=utf-8")
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True), newline="")))


def test_the_file_equals_a_plain_sql_query(reader: Reader, facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    @settings(max_examples=20)
    @given(HISTORIES)
    def check(history: History) -> None:
        write(facts, history)
        for since, until, prefix in [(None, None, ""), (2, 6, ""), (None, 4, "a"), (3, None, "z"), (None, None, "ab")]:
            header, *rows = read(
                reader,
                since=None if since is None else day(since),
                until=None if until is None else day(until),
                q=prefix,
            )
            expected = sorted(added_up(history, since, until if until is not None else DAYS, prefix))
            assert header == ["video_id", "watched_50_count"]
            assert [(row[0].removeprefix("'"), int(row[1])) for row in rows] == expected

    monkeypatch.setattr(export, "CHUNK", 3)
    check()


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 2000])
def test_nothing_is_missing_with_any_chunk_size(
    reader: Reader, facts: Facts, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(export, "CHUNK", size)
    write(facts, {f"v{n}": {n % 2: 1, 5: n} for n in range(6)})
    assert len(read(reader)) == 7
    assert len(read(reader, since=day(5))) == 6
    assert read(reader, since=day(0), until=day(1))[1:] == [["v0", "1"], ["v2", "1"], ["v4", "1"]]


def test_an_id_that_looks_like_a_formula_is_exported_as_text(reader: Reader, facts: Facts) -> None:
    write(facts, {video_id: {0: 1} for video_id in FORMULAS})
    assert {row[0] for row in read(reader)[1:]} == {f"'{video_id}" for video_id in FORMULAS}


def test_any_other_id_is_exported_unchanged(reader: Reader, facts: Facts) -> None:
    plain = [*STRANGE, "a;=1", 'say "hi"', "'", "a=1", "\u2028"]
    plain = [video_id for video_id in plain if video_id[0] not in "=+-@"]
    write(facts, {video_id: {0: 1} for video_id in plain})
    assert [row[0] for row in read(reader)[1:]] == sorted(plain)


def test_a_semicolon_in_an_id_does_not_start_a_new_cell(reader: Reader, facts: Facts) -> None:
    write(facts, {"a;=1+1": {0: 1}})
    text = reader.ask("/export.csv").get_data(as_text=True)
    assert list(csv.reader(io.StringIO(text), delimiter=";"))[1] == ["a;=1+1,1"]


@given(ids)
@settings(max_examples=300)
def test_no_exported_cell_starts_like_a_formula(video_id: str) -> None:
    [[cell, _]] = csv.reader(io.StringIO(export._lines([Counted(video_id, 1)]), newline=""))
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'") == video_id.removeprefix("'")


@pytest.mark.parametrize(
    ("ends", "name"),
    [
        ({}, "videos.csv"),
        ({"since": day(0)}, "videos-2026-01-01.csv"),
        ({"since": day(0), "until": day(9)}, "videos-2026-01-01-2026-01-10.csv"),
    ],
)
def test_the_file_name_contains_the_range(reader: Reader, ends: dict[str, Any], name: str) -> None:
    assert reader.ask("/export.csv", ends).headers["Content-Disposition"] == f"attachment; filename={name}"


def test_an_export_without_counts_is_only_a_header(reader: Reader) -> None:
    assert reader.ask("/export.csv").get_data(as_text=True) == "video_id,watched_50_count\r\n"


@pytest.fixture
def pieces(reader: Reader, facts: Facts, monkeypatch: pytest.MonkeyPatch) -> Iterator[bytes]:
    """An export of 25 videos, ten at a time, as an iterator of its pieces."""
    monkeypatch.setattr(export, "CHUNK", 10)
    write(facts, {f"v{n:02}": {0: 1} for n in range(25)})
    answer = reader.client.get(f"{PATH}/export.csv?since=2026-01-01", headers=BEARER, buffered=False)
    assert answer.status_code == 200
    yield iter(answer.response)  # type: ignore[misc]
    answer.close()


def test_an_export_comes_in_pieces_and_holds_no_connection_between_them(pieces: Iterator[bytes]) -> None:
    for lines in (11, 10, 5):
        assert next(pieces).count(b"\r\n") == lines
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert list(pieces) == []


def test_an_export_that_fails_midway_says_so_in_its_last_line_and_is_cut_off(
    pieces: Iterator[bytes], facts: Facts
) -> None:
    next(pieces)
    facts.sql("ALTER TABLE video_metrics_daily RENAME TO hidden")
    assert next(pieces).startswith(b'"INCOMPLETE: ')
    with pytest.raises(TryAgain):
        next(pieces)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_while_the_database_is_stopped_it_is_503(reader: Reader, postgres: PostgresServer) -> None:
    postgres.stop()
    try:
        answer = reader.ask("/export.csv")
        assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    finally:
        postgres.start()
