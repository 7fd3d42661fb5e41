"""`pulse worker-alive`, and the heartbeats that it reads."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from redis.exceptions import OutOfMemoryError

from pulse_analytics.config import TIMER_SECONDS, WORKER_GONE_SECONDS, WORKER_LATE_SECONDS
from pulse_analytics.ingest.liveness import worker_alive_command
from tests.facts import report, wait_until
from tests.servers import reaper
from tests.servers.fixtures import WorkerApp
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result
    from flask.testing import FlaskClient
    from pytest_celery import CeleryTestSetup

    from pulse_analytics.config import Settings
    from pulse_analytics.ingest.journal import Journal
    from tests.facts import Facts
    from tests.servers.valkey import ValkeyContainer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WORKERS = "pulse:workers"


@pytest.fixture
def ask(settings: Settings) -> Callable[..., Result]:
    """Run the command."""
    env = {"PULSE_REDIS_URL": settings.redis_url, "PULSE_DATA_DIR": str(settings.data_dir)}
    return lambda *node: CliRunner().invoke(worker_alive_command, node, env=env)


def test_a_worker_is_alive_if_its_heartbeat_is_recent(
    ask: Callable[..., Result], journal: Journal, facts: Facts
) -> None:
    journal.beat("celery@a")
    done = ask("celery@a")
    assert (done.exit_code, done.output) in [
        (0, f"celery@a is alive: its last heartbeat is {n} s old.\n") for n in (0, 1)
    ]
    now = facts.redis.time()[0]
    facts.redis.hset(WORKERS, "celery@a", now - WORKER_LATE_SECONDS - 2)
    done = ask("celery@a")
    assert done.exit_code == 1
    assert done.output.startswith("Error: The last heartbeat of celery@a is 6")
    facts.redis.hset(WORKERS, "celery@a", now + 1000)  # Redis' clock was set back: this may be the beat of a dead one.
    assert ask("celery@a").exit_code == 1


def test_without_a_name_the_command_checks_the_worker_of_this_host(
    ask: Callable[..., Result], journal: Journal
) -> None:
    journal.beat("celery@another")
    done = ask()
    assert done.exit_code == 1
    name = f"celery@{socket.gethostname()}"
    assert done.output == f"Error: {name} has sent no heartbeat for 60 minutes. Workers that have: celery@another.\n"
    journal.beat(name)
    assert ask().exit_code == 0


def test_workers_that_have_been_silent_for_long_are_forgotten(journal: Journal, facts: Facts) -> None:
    now = facts.redis.time()[0]
    ages = {"gone": WORKER_GONE_SECONDS + 1, "future": -100, "silent": WORKER_GONE_SECONDS - 100}
    facts.redis.hset(WORKERS, mapping={node: now - age for node, age in ages.items()})
    journal.beat("living")
    assert set(facts.redis.hkeys(WORKERS)) == {"silent", "living"}


@pytest.mark.usefixtures("own_valkey")
def test_at_the_memory_limit_of_redis_a_worker_can_still_send_its_heartbeat(journal: Journal, facts: Facts) -> None:
    facts.redis.config_set("maxmemory-policy", "noeviction")
    facts.redis.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        facts.redis.hset(WORKERS, "celery@b", 1)
    journal.beat("celery@a")
    assert set(journal.beats()) == {"celery@a"}


def test_worker_alive_exits_with_a_one_line_error_if_redis_is_unreachable(
    ask: Callable[..., Result], own_valkey: ValkeyContainer, settings: Settings
) -> None:
    own_valkey.kill("SIGKILL")
    done = ask()
    assert done.exit_code == 1
    assert done.output.startswith("Error: Cannot read the workers' heartbeats from Redis: ")
    assert settings.redis_url.split(":")[2].split("/")[0] in done.output
    assert len(done.output.splitlines()) == 1


def test_worker_alive_does_not_create_the_application(journal: Journal, settings: Settings) -> None:
    journal.beat("celery@a")
    code = (
        "import sys; from pulse_analytics.__main__ import main\n"
        "sys.argv[1:] = ['worker-alive', 'celery@a']\n"
        "try:\n main()\nfinally:\n print({'sqlalchemy', 'pulse_analytics.app'} & set(sys.modules))"
    )
    env = {**os.environ, "PULSE_REDIS_URL": settings.redis_url, "PULSE_DATA_DIR": str(settings.data_dir)}
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


class TestRealWorker:
    """The heartbeats of a real worker."""

    @pytest.fixture
    def worker_app(self) -> WorkerApp:
        return WorkerApp("tests.ingest.impatient_worker", ROOT)

    @pytest.mark.nightly
    def test_heartbeats_stop_when_one_pool_process_hangs_even_if_the_others_work(
        self, client: FlaskClient, facts: Facts, celery_setup: CeleryTestSetup
    ) -> None:
        worker, main = celery_setup.worker, celery_setup.worker.container.process.pid
        wait_until(lambda: facts.redis.hexists(WORKERS, worker.hostname()))
        pool = reaper.members(main) - {main}
        reaper.send(pool, signal.SIGSTOP)
        client.post("/analytics", json=report())
        wait_until(lambda: "this worker stops its heartbeat" in worker.logs())
        assert is_silent(facts)
        reaper.send(pool, signal.SIGCONT)
        wait_until(lambda: facts.redis.exists(WORKERS))
        facts.wait_until_settled()
        os.kill(main, signal.SIGSTOP)
        assert is_silent(facts)


def is_silent(facts: Facts) -> bool:
    """Whether no heartbeat arrives for longer than two intervals."""
    facts.redis.delete(WORKERS)
    time.sleep(2 * TIMER_SECONDS + 0.5)
    return not facts.redis.exists(WORKERS)
