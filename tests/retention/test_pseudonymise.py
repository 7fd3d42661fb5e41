"""Plain user ids are replaced by their keyed hash while events flow: no id is left, and no count changes."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect, text

from pulse_analytics import config
from pulse_analytics.app import create_app
from pulse_analytics.audit.commands import audit_command
from pulse_analytics.config import Settings, current_settings
from pulse_analytics.database import db
from pulse_analytics.events import dedupe_key, event_id
from pulse_analytics.ingest.drain import drain
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.journal.entries import BadEntry
from pulse_analytics.ingest.recorder import record
from pulse_analytics.retention.commands import export_command, forget_command
from pulse_analytics.retention.pseudonymise import (
    CannotPseudonymise,
    pseudonymise,
    rename_claims,
    rewrite_rows,
    sweep_plain,
)
from pulse_analytics.retention.pseudonymise_command import pseudonymise_command
from pulse_analytics.user_ids import UserIds
from tests.facts import Facts, report, wait_until
from tests.ingest.test_user_id_key import everything_in_redis
from tests.test_events import event
from tests.test_user_ids import NEW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result
    from flask import Flask

NAME = "somebody"
"""With what each user id begins, to find it wherever it is."""
USERS = [f"{NAME}{number}" for number in range(12)] + [f"{NAME}:%3A:%", f"{NAME}ü "]


@pytest.fixture
def keyed(settings: Settings, worker_env: dict[str, str], tmp_path: Path) -> Iterator[Flask]:
    """The application after the switch, on the same database and Redis."""
    values = {**worker_env, "PULSE_REDIS_URL": settings.redis_url, "PULSE_USER_ID_KEY": f"{NEW} plain"}
    app = create_app(Settings.parse(values, tmp_path))
    yield app
    with app.app_context():
        db.engine.dispose()
        current_journal().redis.close()
        app.extensions["celery"].close()


def run(app: Flask, *arguments: str) -> Result:
    """`pulse pseudonymise`."""
    with app.app_context():
        return app.test_cli_runner().invoke(pseudonymise_command, arguments)


def accept(app: Flask, users: list[str], video: str = "v1", ts: int | None = None) -> set[str]:
    """Report a view of each user, and return the statuses."""
    body = {"events": [report(video, user, ts) for user in users]}
    answer = app.test_client().post("/analytics/batch", json=body)
    return {result["status"] for result in answer.get_json()["results"]}


def record_all(app: Flask) -> None:
    """Record everything that waits."""
    with app.app_context():
        drain(current_journal(), "worker", lambda: None)


def everything_in_the_database(app: Flask) -> str:
    """All rows of all tables, as text; of SQLite, also the bytes of its file."""
    with app.app_context(), db.engine.connect() as connection:
        rows = [list(connection.execute(text(f"SELECT * FROM {t}"))) for t in inspect(connection).get_table_names()]
        connection.rollback()
        if connection.dialect.name == "sqlite":
            raw = connection.connection.dbapi_connection
            assert raw is not None
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                raw.cursor().execute(statement).fetchall()
            rows.append(Path(str(db.engine.url.database)).read_bytes())  # type: ignore[arg-type]
        return repr(rows)


def closed(app: Flask) -> bool:
    """Whether an audit closes the books."""
    with app.app_context():
        done = app.test_cli_runner().invoke(audit_command)
    assert done.exit_code == 0, done.output
    return True


def test_afterwards_no_plain_id_is_left_anywhere_and_nothing_counts_otherwise(
    app: Flask, keyed: Flask, facts: Facts
) -> None:
    ts = event().ts + 10**11
    assert accept(app, USERS, "v1", ts) == {"queued"}
    record_all(app)
    park_two(app)
    ids = [str(row.id) for row in facts.sql("SELECT id FROM video_events")]
    assert accept(app, USERS, "v3", ts) == {"queued"}
    counts, life = {"v1": len(USERS), "v3": len(USERS)}, facts.redis.pttl(a_claim(facts))
    worker = threading.Timer(0.5, record_all, [app])
    worker.start()
    done = run(keyed)
    worker.join()
    assert done.exit_code == 0, done.output
    assert f"{len(USERS)} accepted reports with plain user ids wait in the journal" in done.output
    assert (
        f"\n{2 * len(USERS)} raw events, 2 dead letters and {2 * len(USERS) + 1} dedupe keys had plain" in done.output
    )
    held = everything_in_redis(facts) + everything_in_the_database(keyed)
    assert NAME not in held
    assert not [number for number in ids if number in held], "An old event id is an unkeyed hash of the user id."
    assert (facts.counts(), facts.rows(), facts.archived()) == (counts, 2 * len(USERS), 0)
    for row in facts.sql("SELECT CAST(id AS text) AS id, video_id, event, user_id, ts FROM video_events"):
        assert row.id == event_id(row.video_id, row.event, row.user_id, row.ts)
    assert closed(keyed)
    assert life - 30_000 < facts.redis.pttl(a_claim(facts)) <= life
    assert accept(keyed, USERS, "v1", ts) == accept(keyed, USERS, "v3") == {"duplicate"}
    facts.assert_exact()
    assert run(keyed).output.startswith("0 raw events, 0 dead letters and 0 dedupe keys had")


def park_two(app: Flask) -> None:
    """Park one entry that could be recorded, and one that never can; both reasons name the user."""
    assert accept(app, [f"{NAME}1"], "v2") == {"queued"}
    with app.app_context():
        journal = current_journal()
        journal.redis.xadd("queue:analytics", {"id": "x", "userId": f"{NAME}2", "videoId": "v2"})
        journal.redis.hincrby("pulse:ledger", "accepted")  # As if a report had brought it.
        batch = journal.take("worker")
        reason = f"the database refused it: {NAME}1\nDETAIL:  Failing row contains ({NAME}, v2)."
        journal.park([BadEntry(batch.entries[0].entry_id, reason), *batch.bad])


def a_claim(facts: Facts) -> str:
    """A dedupe key of a raw event."""
    return str(next(facts.redis.scan_iter("dedupe:video:v1:*")))


def test_a_dead_letter_counts_once_when_it_is_replayed_afterwards(app: Flask, keyed: Flask, facts: Facts) -> None:
    park_two(app)
    assert run(keyed).output.startswith("0 raw events, 2 dead letters")
    assert (facts.parked(), facts.ledger()["parked"]) == (2, 2)
    [good, bad] = [fields for _, fields in facts.redis.xrange("queue:analytics:dead")]
    form = UserIds.parse(NEW).stored(f"{NAME}1")
    assert good["userId"] == form
    assert good["id"] == event_id("v2", good["event"], form, int(good["ts"]))
    assert good["parkedReason"] == f"the database refused it: {form}"
    assert bad["id"] == "x", "It is no event, so it has no other id."
    with keyed.app_context():
        assert current_journal().replay([letter.letter_id for letter in current_journal().dead_letters(1)]) == 1
    record_all(keyed)
    assert facts.counts() == {"v2": 1}
    facts.assert_exact()
    assert accept(keyed, [f"{NAME}1"], "v2") == {"duplicate"}


def test_a_report_that_was_counted_in_both_forms_keeps_both_counts(app: Flask, keyed: Flask, facts: Facts) -> None:
    for each in (app, keyed):
        assert accept(each, USERS[:5], ts=1_700_000_000_000) == {"queued"}
        facts.redis.delete(*facts.redis.keys("dedupe:*"))  # As if their time were over.
    record_all(app)
    assert accept(app, USERS[5:7]) == {"queued"}
    record_all(app)
    assert run(keyed).output.startswith("7 raw events")
    assert (facts.rows(), facts.archived(), facts.counts()) == (7, 5, {"v1": 12})
    facts.assert_exact()
    assert closed(keyed)


def test_rows_whose_entry_is_taken_and_not_settled_are_waited_for_and_count_once(
    app: Flask, keyed: Flask, facts: Facts
) -> None:
    assert accept(app, USERS) == {"queued"}
    with app.app_context():
        journal = current_journal()
        batch = journal.take("killed")
        record([entry.event for entry in batch.entries])  # And then it dies.

        def take_again() -> None:
            with app.app_context():
                journal.give_back("killed", batch.entries)
            record_all(app)

        with keyed.app_context():
            assert sweep_plain(rewrite_rows) == 0
    worker = threading.Timer(0.5, take_again)
    worker.start()
    assert f"\n{len(USERS)} raw events" in run(keyed).output
    worker.join()
    assert (facts.counts(), facts.rows()) == ({"v1": len(USERS)}, len(USERS))
    assert closed(keyed)


@pytest.mark.parametrize(
    "database_url", [pytest.param("sqlite", marks=pytest.mark.nightly), "postgresql"], indirect=True
)
def test_reports_flow_meanwhile_and_it_is_interrupted_again_and_again(
    app: Flask, keyed: Flask, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "ARCHIVE_SIZE", 20)
    monkeypatch.setattr(config, "ARCHIVE_PAUSE_SECONDS", 0)
    first = [f"{NAME}-first-{number}" for number in range(120)]
    assert accept(app, first) == {"queued"}
    record_all(app)
    ended, answers, slices = threading.Event(), [], itertools.count(1)

    def flow() -> None:
        for number in range(12):
            users = [f"{NAME}-{number}-{user}" for user in range(10)]
            answers.append(accept(keyed, users, "v2"))
            answers.append(accept(keyed, first[number * 10 :][:10]) | {"again"})
            record_all(keyed)
        ended.set()

    def interrupt() -> None:
        if next(slices) in {1, 2, 4, 8, 16}:
            raise InterruptedError

    reports = threading.Thread(target=flow)
    reports.start()
    interruptions = 0
    with keyed.app_context():
        while not ended.is_set() or interruptions < 5:
            try:
                pseudonymise(print, interrupt)
            except InterruptedError:
                interruptions += 1
    reports.join()
    assert answers == [{"queued"}, {"duplicate", "again"}] * 12
    assert NAME not in everything_in_redis(facts) + everything_in_the_database(keyed)
    assert (facts.rows(), facts.counts()) == (240, {"v1": 120, "v2": 120})
    facts.assert_exact()
    assert closed(keyed)


@pytest.mark.parametrize("changed_settings", [{"PULSE_USER_ID_KEY": f"plain {NEW}"}])
def test_a_user_is_forgotten_and_exported_under_every_form(app: Flask, keyed: Flask, facts: Facts) -> None:
    for number, each in enumerate((app, keyed)):
        assert accept(each, USERS[:2], f"v{number}") == {"queued"}
        record_all(each)
        assert accept(each, USERS[:1], f"parked{number}") == {"queued"}
        with each.app_context():
            current_journal().park([BadEntry(current_journal().take("worker").entries[0].entry_id, "a reason")])
    with app.app_context():
        exported = app.test_cli_runner().invoke(export_command, [USERS[0]])
        done = app.test_cli_runner().invoke(forget_command, [USERS[0]])
    assert done.exit_code == 0, done.output
    form = UserIds.parse(NEW).stored(USERS[0])
    held = everything_in_redis(facts) + repr(facts.sql("SELECT * FROM video_events"))
    for name in (USERS[0], form):
        assert exported.output.count(f'"{name}"') >= 2
        assert name not in held.replace(USERS[10], "").replace(USERS[11], "")
    assert (facts.rows(), facts.parked(), facts.counts()) == (2, 0, {"v0": 2, "v1": 2})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestOnOneDatabase:
    """What does not depend on the database."""

    @pytest.mark.parametrize("changed_settings", [{}, {"PULSE_USER_ID_KEY": f"plain {NEW}"}])
    def test_it_refuses_while_reports_are_stored_with_plain_ids(
        self, app: Flask, facts: Facts, changed_settings: dict[str, str]
    ) -> None:
        assert accept(app, USERS) == {"queued"}
        done = run(app)
        assert done.exit_code == 1
        why = "begins with `plain`" if changed_settings else "is not set"
        assert f"Reports are still stored with plain user ids: PULSE_USER_ID_KEY {why}." in done.output
        assert facts.waiting() == len(USERS)

    def test_a_dry_run_counts_and_changes_nothing(self, app: Flask, keyed: Flask, facts: Facts) -> None:
        accept(app, USERS)
        record_all(app)
        park_two(app)
        accept(app, USERS, "v3")
        accept(keyed, USERS, "v4")
        before = everything_in_redis(facts), facts.sql("SELECT * FROM video_events ORDER BY id")
        said = run(keyed, "--dry-run").output
        n = len(USERS)
        assert said == (
            f"{n} raw events, 2 dead letters and {2 * n + 1} dedupe keys have plain user ids, and {n} reports that "
            "wait in the journal.\n"
        )
        assert (everything_in_redis(facts), facts.sql("SELECT * FROM video_events ORDER BY id")) == before

    def test_without_a_worker_it_says_what_waits(
        self, app: Flask, keyed: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        accept(app, USERS)
        monkeypatch.setattr(config, "PSEUDONYMISE_PATIENCE_SECONDS", -99)
        done = run(keyed)
        assert done.exit_code == 1
        assert (
            f"Error: {len(USERS)} accepted reports with plain user ids wait, and no worker records them" in done.output
        )

    def test_a_web_host_that_has_not_switched_is_noticed(
        self, app: Flask, keyed: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(config, "PSEUDONYMISE_PASSES", 2)
        number = 0

        def report_again() -> None:
            nonlocal number
            number += 1
            assert accept(app, [f"{NAME}{number}"]) == {"queued"}
            record_all(app)

        with keyed.app_context(), pytest.raises(CannotPseudonymise, match="Reports with plain user ids keep coming"):
            pseudonymise(print, report_again)

    def test_a_key_of_the_new_form_is_never_overwritten(self, keyed: Flask, facts: Facts) -> None:
        plain = event("v", f"{NAME}1")
        form = UserIds.parse(NEW).stored(plain.user_id)
        facts.redis.set(dedupe_key(plain), plain.id)
        facts.redis.set(dedupe_key(plain, form), "another", ex=50)
        facts.redis.set("dedupe:video:strange", "x")
        assert run(keyed).exit_code == 0
        assert facts.redis.get(dedupe_key(plain, form)) == "another"
        assert 0 < facts.redis.ttl(dedupe_key(plain, form)) <= 50
        assert sorted(facts.redis.keys("dedupe:*")) == sorted([dedupe_key(plain, form), "dedupe:video:strange"])

    def test_while_keys_are_renamed_every_retry_is_a_duplicate(self, app: Flask, keyed: Flask) -> None:
        users = [f"{NAME}{number}" for number in range(400)]
        assert accept(app, users) == {"queued"}
        record_all(app)
        answers: set[str] = set()
        ended = threading.Event()

        def retry() -> None:
            while not ended.is_set():
                answers.update(accept(keyed, users))

        retries = threading.Thread(target=retry)
        retries.start()
        wait_until(lambda: answers)
        with keyed.app_context():
            renaming = current_journal().renaming
            assert rename_claims(renaming, current_settings().user_ids) == 400
        ended.set()
        retries.join()
        assert answers == {"duplicate"}
