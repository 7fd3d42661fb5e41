"""The promise, with real Celery workers: 202 means counted exactly once, whatever happens to the worker."""

from __future__ import annotations

import random
import re
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import flask_migrate
import pytest
from sqlalchemy import text

from pulse_analytics.app import create_app
from pulse_analytics.cli import dead_letters
from pulse_analytics.config import Settings
from pulse_analytics.database import db, writing
from pulse_analytics.ingest.recorder import record
from tests.facts import Facts, report, wait_until
from tests.servers import reaper

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from pytest_celery import CeleryTestSetup, CeleryTestWorker

    from pulse_analytics.ingest.journal import Journal
    from tests.servers.postgres import PostgresServer
    from tests.servers.valkey import ValkeyContainer


whatever_the_database = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)], indirect=True
)
"""For what the worker does with Redis alone."""


def accept(client: FlaskClient, reports: Sequence[dict[str, Any]]) -> None:
    """Send reports, all of which must be accepted."""
    for start in range(0, len(reports), 500):
        answer = client.post("/analytics/batch", json={"events": reports[start : start + 500]})
        assert {result["status"] for result in answer.get_json()["results"]} == {"queued"}


def workers(setup: CeleryTestSetup) -> list[CeleryTestWorker]:
    """The workers of `celery_setup`, once they answer."""
    assert setup.ready(ping=False, control=True, docker=True)
    return list(setup.worker_cluster)


@pytest.fixture
def worker(celery_setup: CeleryTestSetup) -> CeleryTestWorker:
    """The only worker."""
    return workers(celery_setup)[0]


@contextmanager
def database_locked(statement: str) -> Iterator[None]:
    """Hold what `statement` (on PostgreSQL) locks; on SQLite, all writing."""
    with writing(db.engine).connect() as connection:
        transaction = connection.begin()
        if connection.dialect.name == "postgresql":
            connection.execute(text(statement))
        yield
        transaction.rollback()


def test_an_event_is_counted_and_a_worker_leaves_nothing_else_behind(
    client: FlaskClient, facts: Facts, worker: CeleryTestWorker
) -> None:
    assert client.post("/analytics", json=report("v1")).status_code == 202
    facts.wait_until_settled(10)
    assert facts.counts() == {"v1": 1}
    assert facts.redis.keys("celery-task-meta*") == []
    # Without PULSE_RETENTION_DAYS a worker neither knows this task nor is sent one: it would log both.
    assert "persist_events" in worker.logs()
    assert "expire_events" not in worker.logs()
    assert not facts.redis.exists("pulse:expiry")


def test_a_journal_entry_taken_by_two_workers_at_once_counts_once(
    app: Flask, client: FlaskClient, facts: Facts, journal: Journal
) -> None:
    accept(client, [report("v1", f"u{number}") for number in range(300)])
    entries = journal.take("one").entries
    barrier, new = threading.Barrier(2), []

    def work(consumer: str) -> None:
        with app.app_context():
            barrier.wait()
            new.append(len(record([entry.event for entry in entries])))
            journal.settle(entries)

    both = [threading.Thread(target=work, args=(consumer,)) for consumer in ("one", "two")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sum(new) == 300
    assert facts.ledger()["settled"] == 300
    facts.wait_until_settled(0)
    assert (facts.rows(), facts.counts()) == (300, {"v1": 300})


@pytest.mark.usefixtures("celery_setup")
def test_a_report_resent_after_redis_lost_its_dedupe_key_counts_once(client: FlaskClient, facts: Facts) -> None:
    sent = report("v1")
    accept(client, [sent])
    facts.wait_until_settled()
    facts.redis.delete("dedupe:video:v1:user:u1:watched50")
    accept(client, [sent])
    facts.wait_until_settled()
    assert (facts.rows(), facts.counts()) == (1, {"v1": 1})


@pytest.mark.usefixtures("celery_setup")
@pytest.mark.parametrize("changed_settings", [{"PULSE_DEDUPE_TTL_SECONDS": "1"}])
def test_after_the_ttl_a_resent_report_does_not_count_again_but_a_new_one_does(
    client: FlaskClient, facts: Facts
) -> None:
    accept(client, [report("v1", ts=1)])
    wait_until(lambda: not facts.redis.exists("dedupe:video:v1:user:u1:watched50"))
    accept(client, [report("v1", ts=1)])
    facts.wait_until_settled()
    assert (facts.rows(), facts.counts()) == (1, {"v1": 1})
    wait_until(lambda: not facts.redis.exists("dedupe:video:v1:user:u1:watched50"))
    accept(client, [report("v1", ts=2)])
    facts.wait_until_settled()
    assert (facts.rows(), facts.counts()) == (2, {"v1": 2})


def test_a_worker_killed_between_commit_and_settle_counts_once(
    client: FlaskClient, facts: Facts, worker: CeleryTestWorker
) -> None:
    accept(client, [report("v0")])
    facts.wait_until_settled()  # It has looked whether the database is new: that, too, would wait for the lock.
    with database_locked("LOCK TABLE video_events"):
        accept(client, [report("v1")])
        wait_until(lambda: facts.waiting() == 1 and facts.pending() == 1)
        facts.redis.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")
    wait_until(lambda: facts.rows() == 2)
    assert facts.counts() == {"v0": 1, "v1": 1}
    worker.kill()
    facts.redis.execute_command("CLIENT", "UNPAUSE")
    assert facts.waiting() == 1
    worker.restart()
    facts.wait_until_settled()
    assert (facts.rows(), facts.counts()) == (2, {"v0": 1, "v1": 1})


def test_a_worker_killed_in_the_middle_of_a_batch_loses_nothing(
    client: FlaskClient, facts: Facts, worker: CeleryTestWorker
) -> None:
    accept(client, [report("v1", "first")])
    facts.wait_until_settled()
    # On PostgreSQL the raw events are inserted, and the counter's row is what it waits for.
    with database_locked("SELECT * FROM video_metrics FOR UPDATE"):
        accept(client, [report("v1", f"u{number}") for number in range(700)])
        wait_until(lambda: facts.pending() >= 500)
        worker.kill()
    assert (facts.rows(), facts.waiting()) == (1, 700)
    worker.restart()
    facts.wait_until_settled()
    assert (facts.rows(), facts.counts()) == (701, {"v1": 701})


@pytest.mark.parametrize(
    "database_url", [pytest.param("sqlite", marks=pytest.mark.nightly), "postgresql"], indirect=True
)
def test_workers_killed_again_and_again_lose_nothing(
    client: FlaskClient, facts: Facts, worker: CeleryTestWorker
) -> None:
    seed = random.Random(50)
    for number in range(3):
        accept(client, [report(f"v{user % 7}", f"u{user}") for user in range(number * 4000, number * 4000 + 4000)])
        wait_until(lambda: facts.pending() > 0 or facts.waiting() == 0)
        threading.Event().wait(seed.uniform(0, 0.3))
        worker.kill()
        worker.restart()
    facts.wait_until_settled(60)
    assert facts.rows() == sum(facts.counts().values()) == 12_000


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_while_the_database_is_stopped_events_are_accepted_and_counted_afterwards(
    client: FlaskClient, facts: Facts, worker: CeleryTestWorker, postgres: PostgresServer
) -> None:
    postgres.stop()
    try:
        accept(client, [report("v1", f"u{number}") for number in range(20)])
        worker.wait_for_log("retry: Retry in")
        assert (facts.waiting(), facts.parked()) == (20, 0)
    finally:
        postgres.start()
    facts.wait_until_settled()
    assert facts.counts() == {"v1": 20}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_while_the_database_is_locked_events_are_accepted_and_counted_afterwards(
    client: FlaskClient, facts: Facts, worker: CeleryTestWorker
) -> None:
    with database_locked(""):
        accept(client, [report("v1", f"u{number}") for number in range(20)])
        worker.wait_for_log("retry: Retry in")
        assert (facts.waiting(), facts.parked()) == (20, 0)
    facts.wait_until_settled()
    assert facts.counts() == {"v1": 20}


@whatever_the_database
@pytest.mark.parametrize("busy", [True, False])
def test_a_worker_resumes_by_itself_after_redis_was_stopped(
    client: FlaskClient, facts: Facts, worker: CeleryTestWorker, own_valkey: ValkeyContainer, busy: bool
) -> None:
    accept(client, [report("v1", f"u{number}") for number in range(3000)])
    wait_until(lambda: facts.pending() > 0 if busy else facts.waiting() == 0)
    if not busy:
        wait_until(lambda: facts.redis.exists("pulse:wakeup") == 0)
    own_valkey.kill("SIGKILL")
    sent = report("v1", "late")
    assert client.post("/analytics", json=sent).status_code == 503
    wait_until(lambda: "Cannot connect to" in worker.logs())
    own_valkey.restart()
    assert client.post("/analytics", json=sent).status_code == 202
    facts.wait_until_settled(60)
    assert facts.counts() == {"v1": 3001}


@whatever_the_database
@pytest.mark.parametrize("changed_settings", [{"PULSE_DEDUPE_TTL_SECONDS": "0"}])  # Nothing that could be evicted.
def test_at_the_memory_limit_of_redis_the_worker_keeps_working_and_frees_memory(
    client: FlaskClient, facts: Facts, worker: CeleryTestWorker
) -> None:
    accept(client, [report("v1")])
    facts.wait_until_settled()
    worker.container.kill("SIGSTOP")
    accept(client, [report("v1", f"u{number}") for number in range(2, 2002)])
    facts.redis.config_set("maxmemory", facts.redis.info("memory")["used_memory"] - 50_000)
    refused = report("v1", "late")
    assert client.post("/analytics", json=refused).status_code == 503
    worker.container.kill("SIGCONT")
    facts.wait_until_settled()
    assert client.post("/analytics", json=refused).status_code == 202
    facts.wait_until_settled()
    assert facts.counts() == {"v1": 2002}


def received_again(logs: str) -> bool:
    """Whether a wake-up was received more than once."""
    received = re.findall(r"persist_events\[([0-9a-f-]+)\] received", logs)
    return len(received) > len(set(received))


@whatever_the_database
@pytest.mark.usefixtures("worker")
def test_the_wake_up_taken_by_a_pool_process_that_died_is_requeued(
    client: FlaskClient, facts: Facts, worker: CeleryTestWorker
) -> None:
    container = worker.container
    children = reaper.members(container.process.pid) - {container.process.pid}
    with database_locked("LOCK TABLE video_metrics"):
        accept(client, [report("v1")])
        wait_until(lambda: facts.pending() == 1)
        reaper.send(children, signal.SIGKILL)
    facts.wait_until_settled()
    assert facts.counts() == {"v1": 1}
    wait_until(lambda: received_again(container.logs()))  # The timer's wake-up may have settled it before.


@whatever_the_database
@pytest.mark.usefixtures("worker")
def test_a_worker_resumes_by_itself_after_redis_lost_its_data(client: FlaskClient, facts: Facts) -> None:
    accept(client, [report("v1")])
    facts.wait_until_settled()
    facts.redis.flushall()
    accept(client, [report("v1", "u2")])
    facts.wait_until_settled()
    assert facts.counts() == {"v1": 2}


@pytest.mark.usefixtures("worker")
def test_an_event_that_the_database_refuses_is_parked_and_counts_once_after_replay(
    app: Flask, client: FlaskClient, facts: Facts
) -> None:
    refuse(facts, "poison")
    accept(client, [report("poison", "u1"), *(report("v1", f"u{number}") for number in range(20))])
    wait_until(lambda: facts.parked() == 1)
    facts.wait_until_settled()
    assert facts.counts() == {"v1": 20}
    [(_, letter)] = facts.redis.xrange("queue:analytics:dead")
    assert "refused" in letter["parkedReason"]
    permit(facts)
    done = app.test_cli_runner().invoke(dead_letters, ["replay", "--all"])
    assert done.output == "Replayed 1.\n"
    facts.wait_until_settled()
    assert facts.counts() == {"v1": 20, "poison": 1}
    assert facts.parked() == 0


@pytest.mark.parametrize(("worker_count", "worker_concurrency"), [(2, 4)], indirect=True)
class TestManyWorkers:
    """Two workers of four processes each."""

    def test_two_workers_count_ten_thousand_viewers_of_one_video(
        self, client: FlaskClient, facts: Facts, celery_setup: CeleryTestSetup
    ) -> None:
        assert len(workers(celery_setup)) == 2
        accept(client, [report("v1", f"u{number}") for number in range(10_000)])
        facts.wait_until_settled(60)
        assert (facts.rows(), facts.counts()) == (10_000, {"v1": 10_000})

    def test_two_workers_count_many_videos_in_overlapping_batches(
        self, client: FlaskClient, facts: Facts, celery_setup: CeleryTestSetup
    ) -> None:
        pairs = [(f"v{video}", f"u{user}") for video in range(200) for user in range(30)]
        random.Random(7).shuffle(pairs)
        sent = [report(*pair) for pair in pairs]
        accept(client, sent)
        facts.redis.delete(*facts.redis.keys("dedupe:*"))
        random.Random(8).shuffle(sent)
        accept(client, sent)  # Every event is on a second entry, in another order.
        facts.wait_until_settled(60)
        assert facts.counts() == {f"v{video}": 30 for video in range(200)}
        assert facts.ledger()["settled"] == 12_000


@whatever_the_database
class TestWithoutAWakeUp:
    """The worker's own timer makes up for wake-ups that are lost."""

    def test_events_are_counted_if_publishing_the_wake_up_fails(
        self, client: FlaskClient, facts: Facts, settings: Settings, worker: CeleryTestWorker, tmp_path: Path
    ) -> None:
        # This server's user may do all that accepting needs, and may not send Celery a message.
        facts.redis.acl_setuser(
            "web", enabled=True, nopass=True, keys=["*"], channels=["*"], categories=["+@all"], commands=["-lpush"]
        )
        url = settings.redis_url.replace("redis://", "redis://web:any@")
        values = {"PULSE_REDIS_URL": url, "PULSE_DATABASE_URL": settings.database_url}
        answer = create_app(Settings.parse(values, tmp_path)).test_client().post("/analytics", json=report("v1"))
        assert answer.status_code == 202
        assert facts.redis.llen("pulse.persist") == 0
        facts.wait_until_settled(30)
        assert facts.counts() == {"v1": 1}

    def test_events_are_counted_if_the_queue_is_purged(
        self, client: FlaskClient, facts: Facts, worker: CeleryTestWorker
    ) -> None:
        worker.container.kill("SIGSTOP")
        # A frozen worker's socket may still take one message: the second of these stays in the queue.
        for number in range(2):
            wait_until(lambda: not facts.redis.exists("pulse:wakeup"))
            accept(client, [report("v1", f"u{number}")])
        facts.redis.delete("pulse.persist")
        worker.container.kill("SIGCONT")
        facts.wait_until_settled(30)
        assert facts.counts() == {"v1": 2}

    def test_events_are_counted_if_the_wake_up_flag_outlives_its_ttl(
        self, client: FlaskClient, facts: Facts, worker: CeleryTestWorker
    ) -> None:
        facts.redis.set("pulse:wakeup", "1", px=3_600_000)  # As after Redis' clock was set back by an hour.
        accept(client, [report("v1")])
        facts.wait_until_settled(30)
        assert facts.counts() == {"v1": 1}

    @pytest.mark.usefixtures("own_valkey")
    def test_events_accepted_before_the_worker_starts_are_counted(
        self, client: FlaskClient, facts: Facts, request: pytest.FixtureRequest
    ) -> None:
        accept(client, [report("v1")])
        facts.redis.delete("pulse.persist")
        assert facts.waiting() == 1
        request.getfixturevalue("celery_setup")
        facts.wait_until_settled(30)
        assert facts.counts() == {"v1": 1}


def test_while_a_migration_is_missing_all_events_wait_and_none_is_parked(
    app: Flask, client: FlaskClient, facts: Facts, worker: CeleryTestWorker
) -> None:
    flask_migrate.downgrade(revision="0001")
    accept(client, [report(f"v{number % 3}", f"u{number}") for number in range(1000)])
    worker.wait_for_log("retry: Retry in")
    assert (facts.rows(), facts.waiting(), facts.parked()) == (0, 1000, 0)
    wait_until(lambda: worker.logs().count("retry: Retry in") >= 3)
    # One chain of retries, however much waits: each run that fails must not have called another.
    assert worker.logs().count("received") <= 6
    flask_migrate.upgrade()
    facts.wait_until_settled()
    assert facts.counts() == {"v0": 334, "v1": 333, "v2": 333}


def refuse(facts: Facts, video_id: str) -> None:
    """Make the database refuse this video's events because of their content."""
    if db.engine.dialect.name == "postgresql":
        facts.sql(f"ALTER TABLE video_events ADD CONSTRAINT refused CHECK (video_id <> '{video_id}')")
    else:
        facts.sql(
            "CREATE TRIGGER refused BEFORE INSERT ON video_events "
            f"WHEN new.video_id = '{video_id}' BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )


def permit(facts: Facts) -> None:
    """Undo `refuse`."""
    if db.engine.dialect.name == "postgresql":
        facts.sql("ALTER TABLE video_events DROP CONSTRAINT refused")
    else:
        facts.sql("DROP TRIGGER refused")
