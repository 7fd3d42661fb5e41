"""On SQLite, nothing of a raw event that went can be read in the files."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.retention.conftest import accept, record_all, run

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from pulse_analytics.ingest.journal import Journal
    from tests.facts import Facts

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.usefixtures("small_slices")
def test_of_expired_events_no_user_id_is_left_in_the_files(
    app: Flask, journal: Journal, facts: Facts, tmp_path: Path
) -> None:
    for number in range(300):
        accept(journal, f"{'gone' if number % 3 else 'kept'}-viewer-{number:03}-", 31 if number % 3 else 1)
    record_all(journal)
    assert read(tmp_path, b"gone-viewer-") == 200
    assert run(app, "--days", "30").exit_code == 0
    assert facts.rows() == 100
    assert (read(tmp_path, b"gone-viewer-"), read(tmp_path, b"kept-viewer-")) == (0, 100)


def test_if_a_reader_keeps_the_wal_file_in_use_the_command_says_so(app: Flask, counted: Facts, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "pulse.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM video_events").fetchone()
        done = run(app, "--days", "30")
    assert "They can still be read in the WAL file, which others are using: run it again later." in done.stdout
    assert counted.archived() == 30
    assert "WAL" not in run(app, "--days", "30").stdout
    assert sum(path.stat().st_size for path in tmp_path.glob("pulse.db-wal")) == 0


def read(folder: Path, words: bytes) -> int:
    """How many viewers whose ids begin with these words can be read in the files of the database."""
    files = b"".join(path.read_bytes() for path in folder.glob("pulse.db*"))
    return len(set(re.findall(words + rb"\d{3}", files)))
