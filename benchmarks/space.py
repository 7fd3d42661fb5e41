"""space: bytes of an event in Redis while it waits, of its dedupe key, of its rows in the database; of a viewing."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from celery import Celery
from sqlalchemy import text

from benchmarks.figures import PULSE, Board
from benchmarks.rivals import TASK_PER_EVENT
from benchmarks.rivals.task_per_event import TASK, dedupe_key
from benchmarks.viewing import measure_viewing
from pulse_analytics.database import db
from pulse_analytics.ingest.recorder import record

if TYPE_CHECKING:
    from redis import Redis

    from benchmarks.place import Place, System
    from benchmarks.sizes import Sizes

SECTION = "space"
FEW_VIDEOS = 100
"""Few enough for the counters to take negligible space."""
TASK_PER_EVENT_SHARE = 10
"""The task-per-event rival gets one in this many events, because sending a task takes a millisecond."""


def measure(place: Place, sizes: Sizes, board: Board) -> None:
    """Fill the journal and the database, and measure the bytes."""
    for _ in range(sizes.rounds):
        _measure_journal(place, sizes, board)
        _measure_task_per_event(place, sizes, board)
    for database in sizes.databases:
        with place.system(database) as system:
            for _ in range(sizes.rounds):
                _measure_database(place, sizes, board, system, database)
    for _ in range(sizes.rounds):
        measure_viewing(place, sizes, board, SECTION)
    board.remark(SECTION, f"userIds are UUIDs, videoIds have 11 characters. {sizes.waiting:,} events wait.")
    board.remark(SECTION, "In the database: the raw event with its index, as each round adds that many rows.")


def _measure_journal(place: Place, sizes: Sizes, board: Board) -> None:
    with place.system("sqlite") as system:
        place.calm()
        before = _used(system.redis)
        system.fill(place.reports(sizes.waiting, sizes.videos))
        assert system.facts.waiting() == sizes.waiting
        both = (_used(system.redis) - before) / sizes.waiting
        journal: Any = system.redis.memory_usage("queue:analytics", samples=0)
        entry = journal / sizes.waiting
        board.add(SECTION, "a waiting event in Redis: its journal entry", "bytes", entry)
        board.add(SECTION, "its dedupe key", "bytes", both - entry)
        board.add(SECTION, "both", "bytes", both, PULSE)


def _measure_task_per_event(place: Place, sizes: Sizes, board: Board) -> None:
    with ExitStack() as stack:
        redis = stack.enter_context(place.redis(1))
        redis.flushdb()
        queue = stack.enter_context(closing(Celery(broker=place.redis_url(1), set_as_current=False)))
        tasks = max(1, sizes.waiting // TASK_PER_EVENT_SHARE)
        # Celery's set-up at the first task must not count as part of a task.
        queue.send_task(TASK, [{}])
        place.calm()
        before = _used(redis)
        for event in place.reports(tasks, sizes.videos).events():
            redis.set(dedupe_key(event.video_id, event.user_id), "1", nx=True, ex=86_400)
            queue.send_task(TASK, [asdict(event)])
        assert redis.llen("celery") == 1 + tasks
        board.add(SECTION, "both", "bytes", (_used(redis) - before) / tasks, TASK_PER_EVENT)
        redis.flushdb()


def _measure_database(place: Place, sizes: Sizes, board: Board, system: System, database: str) -> None:
    rows = system.facts.rows()
    with system.app.app_context():
        before = _size(database)
        for batch in place.reports(sizes.waiting, FEW_VIDEOS).batches():
            assert len(record(batch)) == len(batch)
        taken = _size(database) - before
    assert system.facts.rows() - rows == sizes.waiting
    board.add(SECTION, f"a counted event in the database, {database}", "bytes", taken / sizes.waiting)


def _used(redis: Redis) -> int:
    about: Any = redis.info("memory")
    return int(about["used_memory"])


def _size(database: str) -> int:
    """The bytes of the raw events and their index; on SQLite, which cannot separate them, of the whole file."""
    statement = (
        "SELECT pg_total_relation_size('video_events')"
        if database == "postgresql"
        else "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    )
    with db.engine.connect() as connection:
        return int(connection.execute(text(statement)).scalar_one())
