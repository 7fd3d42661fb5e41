"""A web process whose event loop hangs is detected and replaced; the other processes keep answering."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import urllib3

from pulse_analytics.up.heartbeats import LATE_LOOKS, Heartbeats
from pulse_analytics.up.stack import web_command
from tests.facts import wait_until
from tests.servers.ports import free_port
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.up.conftest import Start

http = urllib3.PoolManager(retries=False, timeout=5)


def test_a_process_without_a_heartbeat_for_the_limit_of_looks_hangs(tmp_path: Path) -> None:
    beats, hangs = tmp_path / "17", tmp_path / "18"
    beats.touch()
    hangs.touch()
    heartbeats = Heartbeats(tmp_path)
    for look in range(LATE_LOOKS):
        os.utime(beats, ns=(look, look))
        assert heartbeats.hanging() == []
    os.utime(beats, ns=(LATE_LOOKS, LATE_LOOKS))
    assert heartbeats.hanging() == [18]
    assert not hangs.exists()
    assert heartbeats.hanging() == []


def test_files_that_are_not_a_process_id_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "note").touch()
    heartbeats = Heartbeats(tmp_path)
    assert [heartbeats.hanging() for _ in range(LATE_LOOKS + 2)] == [[]] * (LATE_LOOKS + 2)


@pytest.fixture
def two_cores() -> Iterator[None]:
    """Limit started processes to two cores."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(all_cores)[:2])
    yield
    os.sched_setaffinity(0, all_cores)


@pytest.mark.stack
@pytest.mark.usefixtures("two_cores")
def test_on_two_cores_the_spare_process_takes_over_when_the_first_hangs_and_both_end_quickly(start: Start) -> None:
    port = free_port()
    command = list(web_command(port, app="tests.up.hanging:app"))
    run = start([{"name": "web", "command": command, "beats": True}], PYTHONPATH=str(ROOT))
    run.wait_for("pulse is up")
    folder = run.data_dir / "heartbeats"
    wait_until(lambda: len(list(folder.iterdir())) == 2)

    def answering() -> set[int]:
        return {int(http.request("GET", f"http://127.0.0.1:{port}/pid").data) for _ in range(30)}

    (first,) = answering()
    (spare,) = {int(file.name) for file in folder.iterdir()} - {first}
    os.kill(first, signal.SIGSTOP)
    assert answering() == {spare}
    with suppress(ProcessLookupError):  # It may have been replaced already.
        os.kill(first, signal.SIGCONT)
    began = time.monotonic()
    assert run.end() == 0
    assert time.monotonic() - began < 5


@pytest.mark.stack
@pytest.mark.usefixtures("two_cores")
def test_a_spare_process_can_be_stopped_while_it_waits(start: Start) -> None:
    command = list(web_command(free_port(), app="tests.up.hanging:app"))
    run = start([{"name": "web", "command": command, "beats": True}], PYTHONPATH=str(ROOT))
    run.wait_for("pulse is up")
    wait_until(lambda: len(list((run.data_dir / "heartbeats").iterdir())) == 2)
    began = time.monotonic()
    assert run.end() == 0
    assert time.monotonic() - began < 5


@pytest.mark.stack
@pytest.mark.parametrize(
    "harm", ["a hung loop", *(pytest.param(name, marks=pytest.mark.nightly) for name in ("SIGSTOP", "SIGKILL"))]
)
def test_a_web_process_that_hangs_is_replaced_while_others_answer(start: Start, tmp_path: Path, harm: str) -> None:
    port = free_port()
    command = list(web_command(port, app="tests.up.hanging:app"))
    run = start([{"name": "web", "command": command, "beats": True}], PYTHONPATH=str(ROOT))
    run.wait_for("pulse is up")
    folder = run.data_dir / "heartbeats"
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: len(list(folder.iterdir())) == 2)
    before = {int(file.name) for file in folder.iterdir()}
    if harm == "a hung loop":
        with pytest.raises(urllib3.exceptions.HTTPError):  # The process is killed before it answers.
            http.request("GET", f"{url}/hang")
    else:
        os.kill(min(before), signal.Signals[harm])

    failed_in_a_row = worst = 0
    deadline = time.monotonic() + 30
    while (now := {int(file.name) for file in folder.iterdir()}) & before == before or len(now) < 2:
        assert time.monotonic() < deadline, run.output
        try:
            assert http.request("GET", f"{url}/healthz").status == 200
            failed_in_a_row = 0
        except urllib3.exceptions.HTTPError:
            failed_in_a_row += 1
            worst = max(worst, failed_in_a_row)
        time.sleep(0.2)
    assert worst <= 1
    assert len(now - before) >= 1
    assert run.end() == 0
