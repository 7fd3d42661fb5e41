"""Each section at a tiny size: it runs, and what it reports as counted was counted. Speed is not tested.

In every round, the sections themselves check that exactly what was sent is in the journal or in the database.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as bench
from benchmarks import accept, client, count, growth, space, through, wrk
from benchmarks.figures import Board
from benchmarks.partner import ROOT, Partner, PartnerFailed
from benchmarks.place import HEADERS, Place
from benchmarks.rivals import BARE, EMPTY, SCRIPT, SPELT, TASK_PER_EVENT, fastify
from benchmarks.servers import web_server
from benchmarks.sizes import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.postgres import PostgresServer

TINY = replace(
    QUICK,
    rounds=1,
    posts=40,
    batches=2,
    wrk=False,
    more_connections=(64,),
    events=1200,
    tasks=20,
    processes=(1,),
    through_flood_seconds=1.0,
    through_seconds=0.3,
    waiting=1000,
    growth_rows=(100, 1_000),
    growth_videos=(),
    growth_events=600,
    growth_calls=2,
)


AGAINST = "HEAD" if (ROOT / ".git").exists() else None
VERSIONS = ["pulse", *(["pulse HEAD"] if AGAINST else [])]
NODES = [] if fastify.lacks() else [fastify.name(processes) for processes in fastify.PROCESSES]


@pytest.fixture
def place(tmp_path: Path, postgres: PostgresServer) -> Iterator[Place]:
    with Place(tmp_path, postgres) as place:
        yield place


def whose(board: Board, name: str) -> list[str]:
    """Who has a figure with this name."""
    return [who for figure in board.figures if figure.name == name for who in figure.samples]


@pytest.mark.nightly
def test_accept_sends_the_same_reports_to_us_and_to_rivals(place: Place) -> None:
    board = Board()
    accept.measure(place, replace(TINY, against=AGAINST), board)
    doors = [*VERSIONS, EMPTY, TASK_PER_EVENT, *NODES, SCRIPT]
    assert whose(board, "single POSTs, always")[: len(doors)] == doors
    systems = [*VERSIONS, *NODES]
    assert whose(board, "single POSTs on 64 connections, always")[: len(systems)] == systems
    assert whose(board, "single POSTs by connections, always") == ["16", "64"]
    for version in VERSIONS:
        assert whose(board, f"single POSTs beside batches of 500, always, {version}") == ["alone", "beside"] * 2
    doors = [*VERSIONS, EMPTY, SCRIPT]
    assert whose(board, "batches of 50, everysec")[: len(doors)] == doors
    # So little work may take less CPU time than the kernel's clock tick.
    timed = [figure for figure in board.figures if "CPU" not in figure.unit]
    assert all(value > 0 for figure in timed for samples in figure.samples.values() for value in samples)


@pytest.mark.nightly
@pytest.mark.skipif(wrk.find() is None, reason="wrk is not on the PATH")
@pytest.mark.parametrize("batch", [1, 50])
def test_wrk_sends_distinct_reports_that_are_all_accepted(place: Place, batch: int) -> None:
    with place.system("sqlite") as system, web_server(place.folder, system.env) as server:
        reports = vars(place.reports(1_000_000, 10))
        load = client.Load(port=server.port, reports=reports, batch=batch, connections=4, seconds=1)
        outcome = wrk.send(wrk.find() or "", load)()
        ledger = system.facts.ledger()
    assert 0 <= ledger["accepted"] - outcome.requests * batch <= 4 * batch
    assert ledger["duplicate"] == 0


@pytest.mark.nightly
def test_count_counts_what_was_journaled_and_so_do_its_rivals(place: Place) -> None:
    board = Board()
    count.measure(place, replace(TINY, databases=("postgresql",)), board)
    assert whose(board, "one hot video, postgresql, 1 worker process") == ["pulse", BARE, SPELT, TASK_PER_EVENT]


@pytest.mark.nightly
def test_through_counts_all_accepted_reports_and_finds_each_view_in_the_ranking(place: Place) -> None:
    board = Board()
    through.measure(place, replace(TINY, databases=("sqlite",)), board)
    assert whose(board, "sqlite, as fast as it goes") == ["pulse"] * 3
    looked = [figure for figure in board.figures if figure.unit == "views polled for"]
    assert len(looked) == 2
    assert all(figure.samples["pulse"][0] >= 1 for figure in looked)


@pytest.mark.nightly
def test_through_compares_whole_systems(place: Place) -> None:
    board = Board()
    through.measure(place, replace(TINY, databases=("postgresql",), against=AGAINST, wrk=True), board)
    assert whose(board, "postgresql, as fast as it goes") == [*VERSIONS, *NODES] * 3
    assert whose(board, "postgresql, as fast as it goes, pulse")[:2] == ["counted", "accepted"]


@pytest.mark.nightly
def test_space_measures_waiting_and_counted_events(place: Place) -> None:
    board = Board()
    space.measure(place, TINY, board)
    assert whose(board, "both") == ["pulse", TASK_PER_EVENT]
    assert {figure.unit for figure in board.figures} == {"bytes", ""}
    assert all(value > 0 for figure in board.figures for samples in figure.samples.values() for value in samples)
    viewings = [figure for figure in board.figures if figure.name.startswith("a viewing by a simulated viewer: ")]
    assert len(viewings) == 5
    assert all(figure.samples["all events"] > figure.samples["the half alone"] for figure in viewings)


@pytest.mark.nightly
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_growth_generates_realistic_raw_events(place: Place, database: str) -> None:
    with place.system(database) as system:
        growth.add_rows(system, 500)
        assert system.facts.rows() == 500
        [[newest]] = system.facts.sql("SELECT max(CAST(id AS text)) FROM video_events")
        assert newest[14] == "8"
        [real] = place.reports(1, 1).events()
        assert newest < real.id


@pytest.mark.nightly
def test_growth_generates_videos_with_a_history(place: Place) -> None:
    with place.system("sqlite") as system:
        growth.add_videos(system, 50)
        top = system.client().get(growth.RANKINGS["the ranking"], headers=HEADERS).get_json()
        [[counted]] = system.facts.sql("SELECT sum(watched_50_count) FROM daily_totals")
    assert top["total"] == counted > 50


@pytest.mark.nightly
def test_growth_compares_sizes(place: Place) -> None:
    board = Board()
    growth.measure(place, replace(TINY, databases=("sqlite",)), board)
    assert whose(board, "counting, by raw events, sqlite") == ["100", "1,000"]
    assert whose(board, "the ranking, by raw events, sqlite") == ["100", "1,000"] * 2


@pytest.mark.nightly
def test_a_client_notices_a_report_that_was_not_accepted(place: Place) -> None:
    with (
        place.system("sqlite") as system,
        web_server(place.folder, system.env) as server,
        Partner("benchmarks.client") as partner,
    ):
        reports = {**vars(place.reports(3, 1))}
        load = client.Load(port=server.port, reports=reports, connections=2)
        assert client.send(partner, load)().requests == 3
        with pytest.raises(AssertionError, match="200"):
            client.send(partner, load)()


@pytest.mark.stack
def test_a_partner_that_fails_is_noticed() -> None:
    with Partner("benchmarks.client") as partner, pytest.raises(PartnerFailed):
        partner.get_ready({"port": 1})


@pytest.mark.stack
def test_the_command_writes_the_table_as_markdown_and_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "QUICK", TINY)
    options = ["space", "--quick", "--database", "sqlite", "--out", str(tmp_path)]
    result = CliRunner().invoke(bench.main, options, catch_exceptions=False)
    assert result.exit_code == 0
    assert "its dedupe key" in result.stdout
    assert "## space" in (tmp_path / "results.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["figures"]
