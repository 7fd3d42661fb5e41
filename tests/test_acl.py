"""The Redis ACL of docs/operations.md: everything works with it, and without any one of its rights something fails."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from pulse_analytics.app import create_app
from pulse_analytics.config import SIGN_IN_TRIES, Settings
from pulse_analytics.database import db
from pulse_analytics.ingest.journal.entries import BadEntry
from pulse_analytics.ingest.waker import waker
from pulse_analytics.retention.expire_command import expire_command
from pulse_analytics.retention.pseudonymise import pseudonymise
from pulse_analytics.up.program import http_lacks
from pulse_analytics.up.stack import flower, web_command
from pulse_analytics.user_ids import UserIds
from tests.audit.conftest import Pulse
from tests.conftest import TOKEN
from tests.facts import report, wait_until
from tests.retention.users.conftest import Pulse as Forgetting
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.valkey import start_valkey
from tests.servers.web import serving
from tests.servers.worker import ROOT, WorkerContainer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pulse_analytics.ingest.journal import Journal
    from tests.servers.valkey import ValkeyContainer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

http = urllib3.PoolManager(retries=False, timeout=10)


def documented_rights() -> list[str]:
    """The rights that the documentation lists."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    found = re.search(r"```sh\nvalkey-cli ACL SETUSER pulse reset on '>PASSWORD' (.*?)```", text, re.DOTALL)
    assert found
    return shlex.split(found[1].replace("\\\n", " "))


RIGHTS = documented_rights()
REFUSED = re.compile("NOPERM|no permission", re.IGNORECASE)
UNNEEDED = {"command client|setinfo"}
"""Commands that redis-py sends but does not need; Redis 7.0 does not know this one."""


class Deployment:
    """All programs that use one Redis, as a Redis user with given rights."""

    def __init__(self, valkey: ValkeyContainer, env: dict[str, str], folder: Path, stop: ExitStack) -> None:
        self.redis: Any = valkey.client
        self.env = {**env, "PULSE_REDIS_URL": valkey.url.replace("redis://", "redis://pulse:secret@")}
        self.settings = Settings.parse({**self.env, "PULSE_REDIS_REPLICAS": "1"}, folder)
        self.app = create_app(self.settings)
        self.journal: Journal = self.app.extensions["pulse_journal"]
        self.folder = folder
        self._stop = stop
        self._users = 0

    def give(self, rights: list[str]) -> None:
        """Give the user exactly these rights."""
        self.redis.execute_command("ACL", "SETUSER", "pulse", "reset", "on", ">secret", *rights)
        self.redis.acl_log_reset()

    def refusals(self) -> list[str]:
        """What Redis refused since the rights were given."""
        words = {
            f"{entry['reason']} {entry['object']}" for entry in self.redis.acl_log() if entry["username"] == "pulse"
        }
        return sorted(words - UNNEEDED)

    def post(self) -> None:
        """Accept one more report."""
        self._users += 1
        answer = self.app.test_client().post("/analytics", json=report("v1", f"u{self._users}"))
        assert answer.status_code == 202, answer.get_json()

    def accept(self) -> None:
        """Accept a report, recognize its duplicate, and wake a worker."""
        self.post()
        again = self.app.test_client().post("/analytics", json=report("v1", f"u{self._users}"))
        assert again.status_code == 200
        waker.join()

    def be_ready(self) -> None:
        """Answer /readyz: a report would be accepted."""
        assert self.app.test_client().get("/readyz").get_json()["checks"]["redis"] == "ok"

    def show_live_figures(self) -> None:
        """Show the journal's live figures."""
        live = self.app.test_client().get("/admin/analytics/live", headers={"Authorization": f"Bearer {TOKEN}"})
        assert live.status_code == 200
        assert live.get_json()["evictedKeys"] == 0

    def limit_sign_ins(self) -> None:
        """Refuse a sixth wrong try to sign in."""
        client = self.app.test_client()
        token = {"X-CSRF-Token": client.get("/admin/session").get_json()["csrfToken"]}
        tries = [
            client.post("/admin/session", json={"token": "wrong"}, headers=token) for _ in range(SIGN_IN_TRIES + 1)
        ]
        assert [answer.status_code for answer in tries] == [401] * SIGN_IN_TRIES + [429]

    def keep_dead_letters(self) -> None:
        """Give back, park, list, replay and drop an entry; forget a consumer."""
        self.post()
        journal = self.journal
        journal.give_back("me", journal.take("me").entries)
        first, *others = journal.take("me").entries
        journal.settle([], others)
        journal.park([BadEntry(first.entry_id, "a reason")])
        assert journal.replay([letter.letter_id for letter in journal.dead_letters(9)]) == 1
        journal.park([BadEntry(journal.take("me").entries[0].entry_id, "a reason")])
        assert journal.drop([letter.letter_id for letter in journal.dead_letters(9)]) == 1
        time.sleep(0.01)
        assert journal.prune_consumers(0) == 1
        assert journal.count_dead_letters() == 0

    def expire(self) -> None:
        """Archive raw events."""
        done = self.app.test_cli_runner().invoke(expire_command, ["--days", "1"])
        assert done.exit_code == 0, done.output

    def pseudonymise(self) -> None:
        """Replace plain user ids, with which a dead letter and dedupe keys are stored."""
        self.post()
        self.journal.park([BadEntry(self.journal.take("me").entries[0].entry_id, "a reason")])
        keyed = create_app(replace(self.settings, user_ids=UserIds.parse("k" * 32)))
        with keyed.app_context():
            done = pseudonymise(print)
            db.engine.dispose()
        assert (done.letters, done.claims) == (1, self._users)
        assert self.journal.drop([letter.letter_id for letter in self.journal.dead_letters(9)]) == 1

    def audit(self) -> None:
        """Audit the ledger, and begin an epoch."""
        for arguments in ((), ("--begin-epoch", "a reason"), ()):
            done = Pulse(self.app).audit(*arguments)
            assert "Redis does not" not in done.output
            assert "INFO" not in done.output
        assert done.exit_code == 0

    def forget(self) -> None:
        """Export and forget a user, whose event no worker knows."""
        self.post()
        self.journal.hold(self.journal.take("me").entries)
        user_id = f"u{self._users}"
        pulse = Forgetting(self.app)
        assert pulse.export(user_id)["journal"]
        answer = self.app.test_client().delete(f"/admin/users/{user_id}", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 202
        assert self.journal.traces.stalled_erasure() is None
        assert pulse.receipt(user_id)["deadLetters"] == 1

    def count(self) -> None:
        """Count with a worker that is pinged, shown in Flower, and stopped."""
        worker = WorkerContainer(self.folder, self.env, concurrency=1)
        self._stop.callback(worker.teardown)
        # A binding of a node that has been gone for an hour, which kombu deletes.
        self.redis.zadd("_kombu.binding_deadlines", {"gone": 1})
        worker.process.start()
        # A worker that is refused a command may wait forever.
        wait_until(lambda: " ready." in worker.logs() or self.refusals(), 40)
        assert self.refusals() == []
        self.post()
        waker.join()
        wait_until(lambda: self.redis.xlen("queue:analytics") == 0)
        wait_until(lambda: self.redis.zscore("_kombu.binding_deadlines", "gone") is None, 60)
        assert len(self.app.extensions["celery"].control.ping(timeout=2)) == 1
        self._simulate()
        self._show_in_flower(worker)
        worker.stop(timeout=30)
        assert not REFUSED.search(worker.logs())

    def _simulate(self) -> None:
        with serving(web_command, {**os.environ, **self.env}, self.folder) as web:
            command = [sys.executable, "-m", "pulse_analytics", "simulate", "--viewers", "9", "--url", web.url]
            env = {**os.environ, **self.env}
            done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            assert not REFUSED.search(web.process.logs().decode())

    def _show_in_flower(self, worker: WorkerContainer) -> None:
        """Show the worker in Flower."""
        port = free_port()
        program = flower(Settings.parse({**self.env, "PULSE_FLOWER_PORT": str(port)}, self.folder))
        process = LocalProcess(program.command, self.folder, name="flower", env={**os.environ, **self.env}, cwd=ROOT)
        process.start()
        self._stop.callback(process.remove)
        wait_until(lambda: http_lacks(port, "/healthcheck") is None, 60)

        login = urllib3.make_headers(basic_auth=f"admin:{TOKEN}")
        node = f"pulse@{worker.process.id[:12]}"

        def shown() -> bool:
            answer = http.request("GET", f"http://127.0.0.1:{port}/workers?json=1", headers=login)
            return answer.status == 200 and node in {each["hostname"] for each in answer.json()["data"]}

        wait_until(shown, 60)
        process.remove()
        assert not REFUSED.search(process.logs().decode())


OPERATIONS: list[Callable[[Deployment], None]] = [
    Deployment.accept,
    Deployment.be_ready,
    Deployment.show_live_figures,
    Deployment.limit_sign_ins,
    Deployment.expire,
    Deployment.audit,
    Deployment.keep_dead_letters,
    Deployment.pseudonymise,
    Deployment.forget,
    Deployment.count,
]


@pytest.fixture
def deployment(own_valkey: ValkeyContainer, worker_env: dict[str, str], tmp_path: Path) -> Iterator[Deployment]:
    replica = start_valkey(tmp_path / "replica")
    own_valkey.client.config_set("repl-diskless-sync-delay", 0)
    replica.client.replicaof("127.0.0.1", own_valkey.port)
    wait_until(lambda: replica.client.info("replication")["master_link_status"] == "up")
    with ExitStack() as stop:
        stop.callback(replica.teardown)
        deployment = Deployment(own_valkey, worker_env, tmp_path, stop)
        with deployment.app.app_context():
            yield deployment
            waker.join()
            db.engine.dispose()
            deployment.app.extensions["celery"].close()


@pytest.mark.nightly
def test_everything_works_with_the_rights_of_the_documentation(deployment: Deployment) -> None:
    deployment.give(RIGHTS)
    for operation in OPERATIONS:
        operation(deployment)
        assert (operation.__name__, deployment.refusals()) == (operation.__name__, [])


@pytest.mark.nightly
@pytest.mark.parametrize("right", RIGHTS)
def test_without_any_one_right_something_is_refused(deployment: Deployment, right: str) -> None:
    deployment.give([each for each in RIGHTS if each != right])
    assert first_refused(deployment)


def first_refused(deployment: Deployment) -> str:
    """The first operation for which the user's rights are not enough, and what Redis refused; empty if they are."""
    for operation in OPERATIONS:
        with suppress(Exception, pytest.fail.Exception):
            operation(deployment)
        if refusals := deployment.refusals():
            return f"{operation.__name__}: {', '.join(refusals)}"
    return ""
