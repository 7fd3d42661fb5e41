"""The commands that operators type."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pulse_analytics.cli import dead_letters
from pulse_analytics.ingest.journal.entries import BadEntry
from tests.facts import Facts
from tests.ingest.journal.test_journal import events

if TYPE_CHECKING:
    from click.testing import Result
    from flask import Flask

    from pulse_analytics.ingest.journal import Journal

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def run(app: Flask, *arguments: str, answer: str | None = None) -> Result:
    return app.test_cli_runner().invoke(dead_letters, arguments, input=answer)


@pytest.fixture
def letters(journal: Journal) -> list[str]:
    """The ids of three dead letters."""
    journal.accept(events(3))
    journal.park(BadEntry(entry.entry_id, f"reason {entry.event.user_id}") for entry in journal.take("me").entries)
    return [letter.letter_id for letter in journal.dead_letters(10)]


def test_list_shows_each_dead_letter_with_its_reason(app: Flask, letters: list[str]) -> None:
    done = run(app, "list", "--limit", "2")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in lines] == letters[:2]
    assert [line["reason"] for line in lines] == ["reason u0", "reason u1"]
    assert lines[0]["entry"]["videoId"] == "v1"
    assert lines[0]["parkedAt"].startswith("20")
    assert done.stderr == "3 in all.\n"


def test_some_or_all_dead_letters_can_be_replayed(app: Flask, letters: list[str], facts: Facts) -> None:
    assert run(app, "replay", letters[1], "1-1").output == "Replayed 1.\n"
    assert (facts.parked(), facts.waiting()) == (2, 1)
    assert run(app, "replay", "--all").output == "Replayed 2.\n"
    assert (facts.parked(), facts.waiting()) == (0, 3)
    assert facts.redis.llen("pulse.persist") > 0


def test_drop_asks_for_confirmation(app: Flask, letters: list[str], facts: Facts) -> None:
    assert run(app, "drop", letters[0], answer="n\n").exit_code == 1
    assert facts.parked() == 3
    assert "Dropped 1." in run(app, "drop", letters[0], answer="y\n").output
    assert run(app, "drop", "--all", "--yes").output == "Dropped 2.\n"
    assert facts.parked() == 0
    assert facts.ledger()["dropped"] == 3


@pytest.mark.usefixtures("facts")
def test_without_dead_letters_all_commands_do_nothing(app: Flask) -> None:
    assert run(app, "replay", "--all").output == "Replayed 0.\n"
    assert run(app, "drop", "--all", "--yes").output == "Dropped 0.\n"


@pytest.mark.parametrize("command", ["replay", "drop"])
@pytest.mark.parametrize("arguments", [[], ["--all", "1-1"], ["no-id"]])
@pytest.mark.usefixtures("letters")
def test_replay_and_drop_need_ids_or_all(app: Flask, facts: Facts, command: str, arguments: list[str]) -> None:
    done = run(app, command, *arguments, *(["--yes"] if command == "drop" else []))
    assert done.exit_code == 2
    assert facts.parked() == 3


@pytest.mark.usefixtures("database_url")
def test_an_invalid_setting_exits_with_a_one_line_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pulse_analytics", "db", "current"],
        env={**os.environ, "PULSE_REDIS_URL": "localhost"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("pulse: PULSE_REDIS_URL must be redis://")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["list"], ["replay", "--all"], ["drop", "--all", "--yes"]])
@pytest.mark.usefixtures("own_valkey")
def test_an_unreachable_redis_exits_with_a_one_line_error(app: Flask, facts: Facts, arguments: list[str]) -> None:
    facts.redis.shutdown(nosave=True)
    done = run(app, *arguments)
    assert done.exit_code == 1
    assert done.output.startswith("Error: Cannot reach Redis at redis://127.0.0.1:")
    assert len(done.output.splitlines()) == 1
