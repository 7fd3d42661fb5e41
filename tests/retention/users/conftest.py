"""A history of several users, the commands, and a search for every trace of one of them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from sqlalchemy import MetaData, select

from pulse_analytics.audit.commands import audit_command
from pulse_analytics.database import db
from pulse_analytics.events import EVENT_TYPES, dedupe_key
from pulse_analytics.ingest.drain import drain
from pulse_analytics.ingest.journal.entries import BadEntry
from pulse_analytics.retention.commands import export_command, forget_command
from tests.facts import Facts
from tests.test_events import DAY_MS, NOON, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result
    from flask import Flask

    from pulse_analytics.events import Event
    from pulse_analytics.ingest.journal import Journal

ADA = "ada-lovelace-1815"
BOB = "bob-of-the-others"
NEW = list(EVENT_TYPES)[-1]


class Pulse(NamedTuple):
    """The commands, on one application."""

    app: Flask

    def forget(self, *arguments: str) -> Result:
        """`pulse forget`."""
        return self.app.test_cli_runner().invoke(forget_command, arguments)

    def receipt(self, *arguments: str) -> dict[str, Any]:
        """What a successful `pulse forget` prints."""
        done = self.forget(*arguments)
        assert done.exit_code == 0, done.output
        receipt: dict[str, Any] = json.loads(done.stdout)
        return receipt

    def export(self, user_id: str) -> dict[str, Any]:
        """What a successful `pulse export-user` prints."""
        done = self.app.test_cli_runner().invoke(export_command, [user_id])
        assert done.exit_code == 0, done.output
        held: dict[str, Any] = json.loads(done.stdout)
        return held

    def assert_books_closed(self) -> None:
        """Assert that `pulse audit` finds no fault."""
        done = self.app.test_cli_runner().invoke(audit_command)
        assert done.exit_code == 0, done.stdout


@pytest.fixture
def pulse(app: Flask) -> Pulse:
    """The commands of the application."""
    return Pulse(app)


def views(user_id: str, videos: int = 3, first: int = 0, received_at: int = NOON) -> list[Event]:
    """Events of a user: on two days, of two types."""
    return [
        event(f"v{number}", user_id, ts=received_at - (number % 2) * DAY_MS, received_at=received_at, name=name)
        for number in range(first, first + videos)
        for name in ("video_started", "watched_50_percent")
    ]


def count(journal: Journal, *events: Event) -> None:
    """Accept these events, and record them."""
    for start in range(0, len(events), 500):
        journal.accept(events[start : start + 500])
    assert drain(journal, "me", lambda: None) is False


def park(journal: Journal, *events: Event) -> None:
    """Accept these events, and make dead letters of them. Nothing else may wait."""
    journal.accept(events)
    journal.park(BadEntry(entry.entry_id, "a reason") for entry in journal.take("me").entries)


def hold(journal: Journal, *events: Event) -> None:
    """Accept these events of the type NEW, which no worker knows so far."""
    journal.accept(events)
    with earlier_version():
        assert drain(journal, "me", lambda: None) is False


@contextmanager
def earlier_version() -> Iterator[None]:
    """The workers do not know NEW."""
    with pytest.MonkeyPatch.context() as earlier:
        earlier.delitem(EVENT_TYPES, NEW)
        yield


def mentions(facts: Facts, user_id: str) -> list[str]:
    """Where the database, its files or Redis hold this id. No other text may contain it."""
    return [*_in_tables(facts, user_id), *_in_files(facts, user_id), *_in_redis(facts, user_id)]


def _in_tables(facts: Facts, user_id: str) -> Iterator[str]:
    with facts.app.app_context(), db.engine.connect() as connection:
        tables = MetaData()
        tables.reflect(connection)
        for table in tables.tables.values():
            yield from (table.name for row in connection.execute(select(table)) if user_id in str(row))


def _in_files(facts: Facts, user_id: str) -> Iterator[str]:
    if not facts.postgresql:
        with facts.app.app_context():
            database = Path(str(db.engine.url.database))
        for file in database.parent.glob(f"{database.name}*"):
            if user_id.encode() in file.read_bytes():
                yield file.name


def _in_redis(facts: Facts, user_id: str) -> Iterator[str]:
    redis = facts.redis
    readers = {
        "string": redis.get,
        "hash": redis.hgetall,
        "set": redis.smembers,
        "list": lambda key: redis.lrange(key, 0, -1),
        "zset": lambda key: redis.zrange(key, 0, -1),
        "stream": redis.xrange,
        "none": lambda _: "",  # It has expired since.
    }
    for key in redis.scan_iter():
        if user_id in f"{key} {readers[redis.type(key)](key)}":
            yield key


def dedupe_keys(facts: Facts) -> set[str]:
    """All dedupe keys."""
    return set(facts.redis.keys("dedupe:video:*"))


def keys_of(*events: Event) -> set[str]:
    """The dedupe keys of these events."""
    return {dedupe_key(each) for each in events}
