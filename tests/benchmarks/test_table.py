from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks import plot
from benchmarks.figures import Board, Compare
from benchmarks.table import as_json, markdown, number, rows, terminal

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = {"CPU": "2 cores"}


@pytest.fixture
def board() -> Board:
    board = Board()
    for ours, theirs in ((1000.0, 4000.0), (1500.0, 3000.0), (1200.0, 3000.0)):
        board.add("accept", "posts", "events/s", ours)
        board.add("accept", "posts", "events/s", theirs, "empty view")
        board.add("accept", "posts", "p50 ms", ours / 100, compare=Compare.NOT)
    for size, rate in (("10,000", 8000.0), ("100,000", 7000.0)):
        board.add("growth", "counting, by raw events, sqlite", "events/s", rate, size, compare=Compare.BASE)
    board.remark("accept", "16 connections.")
    return board


def test_repeated_cells_of_a_row_are_empty(board: Board) -> None:
    assert [tuple(row) for row in rows(board.of("accept"))] == [
        ("posts", "events/s", "pulse", "1,000", "1,200", "1,500", ""),
        ("", "", "empty view", "3,000", "3,000", "4,000", "0.40 (0.25 to 0.50)"),
        ("", "p50 ms", "pulse", "10.0", "12.0", "15.0", ""),
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(12345.6, "12,346"), (99.94, "99.9"), (9.994, "9.99"), (0.0, "0.00"), (0.123, "0.12")]
)
def test_a_number_shows_its_significant_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_the_terminal_has_one_table_whose_columns_are_aligned(board: Board) -> None:
    lines = terminal(board, ABOUT).splitlines()
    assert lines[0] == "CPU: 2 cores"
    [heading] = [line for line in lines if line.startswith("what")]
    ends = {line.index(" 1,200") + len(" 1,200") for line in lines if " 1,200" in line}
    assert ends == {heading.index("median") + len("median")}
    assert "  16 connections." in lines


def test_the_markdown_has_a_table_for_each_section(board: Board) -> None:
    text = markdown(board, ABOUT, plot="growth.png")
    assert "| CPU | 2 cores |" in text
    assert text.count("| what | unit |") == 2
    assert "|  |  | empty view | 3,000 | 3,000 | 4,000 | 0.40 (0.25 to 0.50) |" in text
    assert "- 16 connections." in text
    assert "(growth.png)" in text
    assert "growth.png" not in markdown(board, ABOUT, plot=None)


def test_the_json_has_every_sample(board: Board) -> None:
    data = json.loads(json.dumps(as_json(board, ABOUT)))
    first = data["figures"][0]
    assert first["samples"]["empty view"] == [4000.0, 3000.0, 3000.0]
    assert first["ratios"] == {"empty view": {"least": 0.25, "median": 0.4, "most": 0.5}}
    assert data["machine"] == ABOUT


@pytest.mark.nightly
def test_growth_is_drawn(board: Board, tmp_path: Path) -> None:
    plot.draw(board, tmp_path / "growth.png")
    plot.draw(Board(), tmp_path / "nothing.png")
    drawn, empty = ((tmp_path / name).read_bytes() for name in ("growth.png", "nothing.png"))
    assert drawn.startswith(b"\x89PNG")
    assert drawn != empty
