from __future__ import annotations

from typing import TYPE_CHECKING

from pulse_analytics.up.child import Child
from pulse_analytics.up.program import LOG_LIMIT_BYTES, Log, Program

if TYPE_CHECKING:
    from pathlib import Path


def test_the_back_off_doubles_up_to_30_seconds_and_a_steady_run_resets_it(tmp_path: Path) -> None:
    child = Child(Program(name="x", command=[]), tmp_path / "x.log")
    delays = [child.plan(ran_seconds=1) for _ in range(9)]
    assert delays == [f"It is started again in {delay} s." for delay in ("0.5", 1, 2, 4, 8, 16, 30, 30, 30)]
    assert child.plan(ran_seconds=60) == "It is started again in 0.5 s."
    assert child.plan(ran_seconds=59) == "It is started again in 1 s."


def test_a_log_shows_only_output_since_its_own_start(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("celery@old ready.\n")
    log = Log(path)
    assert not log.says("ready.")
    assert log.last_line() == "it wrote nothing"
    with path.open("a") as file:
        file.write("ValueError: first\nsqlalchemy.exc.OperationalError: no such table\n\n[INFO] good-bye\n")
    assert log.says("no such table")
    assert log.last_line() == "sqlalchemy.exc.OperationalError: no such table"


def test_a_log_that_cannot_be_copied_is_truncated_anyway(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    log = Log(path)
    path.write_bytes(b"x" * (LOG_LIMIT_BYTES + 1))
    (tmp_path / "x.log.new").symlink_to("/dev/full")
    assert log.rotate()
    assert [file.name for file in tmp_path.iterdir()] == ["x.log"]
    assert path.stat().st_size == 0


def test_a_log_over_10_mb_is_rotated_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"x" * (LOG_LIMIT_BYTES + 1))
    assert Log(path).tail() == ""
    assert path.read_bytes() == b""
    assert (tmp_path / "x.log.1").stat().st_size == LOG_LIMIT_BYTES + 1
