"""The servers that other tests rely on: they start, end with all descendants, keep their data, leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from redis import Redis

from tests.servers import reaper
from tests.servers.fixtures import Endings, WorkerApp
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import SharedValkey
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_celery import CeleryTestSetup

    from tests.servers.valkey import ValkeyContainer

pytestmark = pytest.mark.stack

TOY = """
import os, pathlib, time
from celery import Celery
celery = Celery("toy", broker=os.environ["PULSE_REDIS_URL"])
celery.conf.task_default_queue = "pulse.persist"

@celery.task(name="toy.touch")
def touch(path, seconds=0):
    pathlib.Path(path).touch()
    time.sleep(seconds)
"""

# A shell that starts a process in its own session, as PostgreSQL does with its backends.
FAMILY = ["sh", "-c", "echo started; setsid sleep 600 & sleep 600 & wait"]

DOOMED_RUN = """
import pathlib, sys, time
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import SharedValkey
from tests.servers.valkey import start_valkey
from tests.servers.worker import start_worker
folder = pathlib.Path(sys.argv[1])
postgres, valkey = PostgresServer(), start_valkey(folder)
postgres.start()
worker = start_worker(folder, {"PULSE_REDIS_URL": valkey.url}, module="toy", cwd=folder)
worker.process.pause()  # Whatever it should do on SIGTERM, it cannot.
print(postgres.process.pid, valkey.process.pid, worker.process.pid, postgres.process.log_file.parent, flush=True)
time.sleep(600)
"""


@pytest.fixture
def worker_app(tmp_path: Path) -> WorkerApp:
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    return WorkerApp("toy", tmp_path)


@pytest.fixture
def worker_env() -> dict[str, str]:
    return {}


@pytest.fixture
def family(tmp_path: Path) -> Iterator[LocalProcess]:
    process = LocalProcess(FAMILY, tmp_path, name="family")
    process.start()
    wait_until(lambda: len(reaper.members(process.pid)) == 3)
    yield process
    process.remove()


def test_no_port_is_handed_out_twice_even_if_nothing_listens_there_yet() -> None:
    assert len({free_port() for _ in range(500)}) == 500


def test_two_processes_of_one_test_run_never_hand_out_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "2")
    for name in ("gw0", "gw1"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", name)
        given.append({free_port() for _ in range(200)})
    assert not given[0] & given[1]


@pytest.mark.parametrize("end", [LocalProcess.stop, LocalProcess.kill, LocalProcess.remove])
def test_a_process_ends_with_all_its_descendants(family: LocalProcess, end: Callable[[LocalProcess], None]) -> None:
    pids = reaper.members(family.pid)

    end(family)

    assert family.status == "exited"
    assert not living(pids)


def test_a_process_that_ignores_its_stop_signal_is_killed(tmp_path: Path) -> None:
    process = LocalProcess(["sh", "-c", "trap '' TERM; echo deaf; sleep 600"], tmp_path, name="deaf")
    process.start()
    wait_until(lambda: b"deaf" in process.logs())

    process.stop(timeout=0.2)

    assert process.status == "exited"
    assert not reaper.members(process.pid)


def test_the_next_start_ends_processes_that_a_killed_main_process_left(family: LocalProcess) -> None:
    orphans = reaper.members(family.pid) - {family.pid}
    in_its_group = {pid for pid in orphans if os.getpgid(pid) == family.pid}

    family.kill_main("SIGKILL")
    assert family.status == "exited"
    assert living(in_its_group) == in_its_group
    family.start()

    assert not living(in_its_group)
    for pid in orphans - in_its_group:  # They left the session, and the parent through which they are found is gone.
        os.kill(pid, signal.SIGKILL)


def test_a_stopped_process_is_paused_and_can_still_be_stopped(family: LocalProcess) -> None:
    family.kill("SIGSTOP")
    assert family.status == "paused"
    assert {reaper.state(pid) for pid in reaper.members(family.pid)} == {"T"}

    family.kill(signal.SIGCONT)
    assert family.status == "running"

    family.pause()
    family.stop(timeout=2)
    assert family.status == "exited"


def test_logs_start_empty_at_each_start_and_the_file_keeps_all(family: LocalProcess) -> None:
    family.restart()
    wait_until(lambda: family.logs() == b"started\n")

    assert family.log_file.read_bytes() == b"started\nstarted\n"


def test_a_process_survives_the_thread_that_started_it(tmp_path: Path) -> None:
    process = LocalProcess(["sleep", "600"], tmp_path, name="sleeper")
    thread = threading.Thread(target=process.start)
    thread.start()
    thread.join()

    time.sleep(0.1)
    assert process.status == "running"
    process.remove()


def test_a_command_runs_in_the_environment_of_the_process(tmp_path: Path) -> None:
    process = LocalProcess(["true"], tmp_path, name="true", env={"PATH": os.defpath, "WHO": "me"}, cwd=tmp_path)

    assert process.exec_run("sh -c 'echo $WHO; pwd; exit 3'") == (3, f"me\n{tmp_path}\n".encode())


def test_valkey_comes_back_on_its_port_with_its_data(own_valkey: ValkeyContainer) -> None:
    with Redis.from_url(own_valkey.url) as client:
        client.set("kept", "yes")
        own_valkey.kill()
        assert own_valkey.status == "exited"
        own_valkey.restart()

        assert client.get("kept") == b"yes"


@pytest.mark.parametrize(
    "harm",
    [
        lambda valkey: valkey.client.config_set("maxmemory", "1gb"),
        lambda valkey: valkey.client.acl_setuser("web", enabled=True),
        lambda valkey: valkey.kill(),
        lambda valkey: valkey.restart(),
        lambda valkey: valkey.process.pause(),
    ],
    ids=["configured", "another user", "killed", "restarted", "frozen"],
)
def test_a_test_that_harms_the_shared_valkey_fails_and_the_next_test_gets_a_new_one(
    tmp_path: Path, harm: Callable[[ValkeyContainer], object]
) -> None:
    shared = SharedValkey(tmp_path)
    with pytest.raises(AssertionError, match="own_valkey"), shared.lent() as valkey:
        harm(valkey)
    with shared.lent() as valkey:
        valkey.client.set("left", "behind")
    with shared.lent() as valkey:
        assert valkey.client.keys() == []
    shared.end()


def test_an_error_while_ending_a_server_in_the_background_is_raised_at_the_end() -> None:
    endings = Endings()
    ended = threading.Event()
    for last in (ended.set, lambda: 1 / 0):
        stack = ExitStack()
        stack.callback(last)
        endings.begin(stack)
    with pytest.raises(ZeroDivisionError):
        endings.wait()
    endings.wait()
    assert ended.is_set()


def test_postgres_comes_back_on_its_port_with_its_data() -> None:
    with PostgresServer() as server:
        with psycopg.connect(server.create_database("first")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        with psycopg.connect(server.url("first")) as connection:
            server.kill()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        server.start()

        with psycopg.connect(server.create_database("copy", template="first")) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        server.drop_database("copy")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url("copy"))
    assert not server.process.log_file.parent.exists()


def test_postgres_never_runs_as_root_even_if_others_cannot_read_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PostgresServer, "_can_run", lambda *_: False)
    with PostgresServer() as server:
        assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0
        assert Path(f"/proc/{server.process.pid}/exe").readlink().is_relative_to(server.process.log_file.parent)


@pytest.mark.parametrize("worker_count", [2], indirect=True)
def test_pytest_celery_runs_unmodified_on_local_processes(celery_setup: CeleryTestSetup, tmp_path: Path) -> None:
    assert celery_setup.ready(ping=False, control=True, docker=True)
    nodes = {node.hostname() for node in celery_setup.worker_cluster}
    assert {name for reply in celery_setup.app.control.ping() for name in reply} == nodes
    assert len(nodes) == 2
    worker = celery_setup.worker
    pids = reaper.members(worker.container.process.pid)
    assert len(pids) == 3

    worker.kill()
    assert worker.container.status == "exited"
    assert not living(pids)
    celery_setup.worker_cluster[1].kill()
    celery_setup.broker.restart()
    worker.restart()
    worker.wait_for_log("ready.")
    celery_setup.app.send_task("toy.touch", [str(tmp_path / "done")])

    wait_until((tmp_path / "done").exists)


def test_the_pool_of_a_killed_worker_dies_with_it_even_while_it_works(
    celery_setup: CeleryTestSetup, tmp_path: Path
) -> None:
    celery_setup.app.send_task("toy.touch", [str(tmp_path / "begun"), 600])
    wait_until((tmp_path / "begun").exists)
    worker = celery_setup.worker.container
    pids = reaper.members(worker.process.pid)

    worker.process.kill_main()

    wait_until(lambda: not living(pids))


def test_a_killed_test_run_leaves_nothing_behind(worker_app: WorkerApp) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DOOMED_RUN, str(worker_app.folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        *leaders, folder = run.stdout.readline().split()
        pids = set().union(*(reaper.members(int(leader)) for leader in leaders))
        run.kill()

    assert len(leaders) == 3
    wait_until(lambda: not living(pids))
    wait_until(lambda: not Path(folder).exists())


def living(pids: set[int]) -> set[int]:
    return {pid for pid in pids if reaper.state(pid) not in "ZX"}


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.02)
