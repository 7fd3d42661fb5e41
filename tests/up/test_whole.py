"""`pulse up` as users run it: one command, then `curl`, `pulse simulate` and Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import redis
import urllib3

from pulse_analytics.config import read_run_file
from pulse_analytics.events import EVENT_TYPES
from tests.docs.pages import shell_blocks
from tests.facts import report, wait_until
from tests.servers import reaper
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.stack

http = urllib3.PoolManager(retries=False, timeout=10)

NOW = int(time.time())


class Whole:
    """A running `pulse up`."""

    def __init__(self, folder: Path, **values: str) -> None:
        self.data_dir = folder / "var"
        self.web = f"http://127.0.0.1:{(port := free_port())}"
        self.log = folder / "up.log"
        ports = {"PULSE_PORT": str(port), "PULSE_FLOWER_PORT": str(free_port())}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
        self.env = {**clean, "PULSE_DATA_DIR": str(self.data_dir), **ports, **values}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "pulse_analytics", "up"], env=self.env, stdout=log, stderr=log
            )
        self.process = process
        reaper.keep_process(process.pid)
        wait_until(lambda: "pulse is up" in self.log.read_text() or process.poll() is not None, 60)
        assert process.poll() is None, self.log.read_text()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Stop it. Returns the exit code, and how many seconds it took."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(20)
        took = time.monotonic() - started
        reaper.drop_process(self.process.pid)
        self.process = None
        return code, took

    def post(self, sent: dict[str, Any]) -> int:
        return http.request("POST", f"{self.web}/analytics", json=sent).status

    def counts(self) -> dict[str, int]:
        token = read_run_file(self.data_dir)["PULSE_ADMIN_TOKEN"]
        headers = {"Authorization": f"Bearer {token}"}
        videos = http.request("GET", f"{self.web}/admin/analytics/top?limit=1000", headers=headers).json()["videos"]
        return {video["videoId"]: video["watched50Count"] for video in videos}

    def pulse(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another `pulse` command in the same data directory."""
        env = {name: value for name, value in self.env.items() if not name.startswith("PULSE_")}
        env["PULSE_DATA_DIR"] = str(self.data_dir)
        command = [sys.executable, "-m", "pulse_analytics", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=100, check=False)

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(read_run_file(self.data_dir)["PULSE_REDIS_URL"], decode_responses=True)


@contextmanager
def up(folder: Path, **values: str) -> Iterator[Whole]:
    whole = Whole(folder, **values)
    whole.start()
    try:
        yield whole
    finally:
        if whole.process is not None:
            whole.stop()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    values = {}
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        name = f"whole_{time.time_ns()}"
        values["PULSE_DATABASE_URL"] = server.create_database(name)
        request.addfinalizer(lambda: server.drop_database(name))  # noqa: PT021 - for one of two databases only
    with up(tmp_path_factory.mktemp("whole"), **values) as whole:
        yield whole


def test_an_event_is_counted_and_its_count_survives_a_restart(whole: Whole) -> None:
    sent = report("v1")
    assert http.request("GET", f"{whole.web}/readyz").status == 200
    assert whole.post(sent) == 202
    wait_until(lambda: whole.counts() == {"v1": 1}, 10)
    assert whole.post(sent) == 200
    assert whole.stop(signal.SIGINT)[0] == 0
    whole.start()
    assert whole.post(sent) == 200
    assert whole.post(report("v1", "u2")) == 202
    wait_until(lambda: whole.counts() == {"v1": 2}, 10)


def test_the_commands_of_the_readme_count_one_view(whole: Whole) -> None:
    [*_, block] = shell_blocks("README.md")
    before = whole.counts().get("intro", 0)

    def run() -> str:
        env = {"PATH": os.environ["PATH"]}
        command = ["bash", "-euc", block.replace("$(date +%s)", str(NOW))]
        done = subprocess.run(
            command, cwd=whole.data_dir.parent, env=env, capture_output=True, text=True, timeout=30, check=True
        )
        return done.stdout

    assert "202 Accepted" in run()
    wait_until(lambda: whole.counts().get("intro") == before + 1, 10)
    again = run()
    assert "200 OK" in again
    assert '"videoId":"intro","watched50Count":1' in again.replace(" ", "")


@pytest.mark.nightly
def test_a_simulated_day_succeeds_and_a_second_time_gets_only_duplicates(whole: Whole) -> None:
    first = whole.pulse("simulate", "--viewers", "600", "--videos", "20")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "equal" in first.stdout
    counted = whole.counts()
    again = whole.pulse("simulate", "--viewers", "600", "--videos", "20")
    assert again.returncode == 0, again.stdout + again.stderr
    assert whole.counts() == counted
    assert sum(count for video_id, count in counted.items() if video_id != "v1") > 600


@pytest.mark.nightly
def test_a_day_with_all_events_is_simulated_and_each_count_is_equal(tmp_path: Path) -> None:
    with up(tmp_path, PULSE_EVENTS="all") as whole:
        done = whole.pulse("simulate", "--viewers", "300", "--videos", "20")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "per video and event, counts and accepted: equal" in done.stdout
        accepted = [int(number) for number in re.findall(r"^    (?:\w+) +([\d,]+)$", done.stdout, re.MULTILINE)]
        assert len(accepted) == len(EVENT_TYPES)
        assert accepted == sorted(accepted, reverse=True)
        figures = json.loads(whole.pulse("audit", "--json").stdout)
        assert [sums["raw"] for sums in figures["database"]["events"].values()] == accepted


def test_a_stop_under_load_takes_less_than_10_seconds_and_loses_nothing(tmp_path: Path) -> None:
    with up(tmp_path) as whole:
        batches = [[report("v1", f"u{batch}-{n}") for n in range(500)] for batch in range(12)]
        for batch in batches:
            answer = http.request("POST", f"{whole.web}/analytics/batch", json={"events": batch})
            assert answer.status == 202
        code, took = whole.stop(signal.SIGTERM)
        assert code == 0
        assert took < 10
        whole.start()
        wait_until(lambda: whole.counts() == {"v1": 6000})


@pytest.mark.nightly
def test_dead_letter_commands_work_while_pulse_up_runs(tmp_path: Path) -> None:
    with up(tmp_path) as whole:
        with whole.redis() as client:
            client.xadd("queue:analytics", {"foreign": "entry"})
            assert whole.post(report("v1")) == 202
            wait_until(lambda: client.xlen("queue:analytics:dead") == 1)
        listed = whole.pulse("dead-letters", "list")
        assert '"foreign": "entry"' in listed.stdout
        assert whole.pulse("dead-letters", "drop", "--all", "--yes").stdout == "Dropped 1.\n"
    stopped = whole.pulse("dead-letters", "list")
    assert stopped.returncode == 1
    assert stopped.stderr.startswith("Error: Cannot reach Redis at redis://127.0.0.1:")
    assert stopped.stderr.endswith(". Is `pulse up` running?\n")


@pytest.mark.nightly
def test_a_killed_pulse_up_leaves_no_process(tmp_path: Path) -> None:
    with up(tmp_path) as whole:
        assert whole.post(report("v1")) == 202
        assert whole.process is not None
        family = reaper.members(whole.process.pid)
        assert len(family) > 5
        whole.stop(signal.SIGKILL)
        wait_until(lambda: not any(reaper.state(pid) not in "ZX" for pid in family), 15)
        whole.start()
        wait_until(lambda: whole.counts() == {"v1": 1}, 40)
