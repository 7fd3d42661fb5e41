"""count: from a full journal to the database, beside the bare loop and the worker of the task-per-event rival."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from celery import Celery

from benchmarks.figures import PULSE, Board, Compare
from benchmarks.partner import Partner
from benchmarks.place import POLL_SECONDS, System
from benchmarks.rivals import BARE, SPELT, TASK_PER_EVENT, bare
from benchmarks.rivals.task_per_event import TASK
from benchmarks.servers import drain
from benchmarks.sizes import DATABASES
from benchmarks.versions import environment
from tests.servers.worker import start_worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.place import Place
    from benchmarks.sizes import Sizes
    from tests.servers.worker import WorkerContainer

SECTION = "count"
WARM_UP = 1_000
"""Events that are counted before the rounds, each of a different video."""
VALKEY_DATABASES = range(3)
"""For us, for task per event, and an unused one for the bare loop's system; the next database uses the next three."""


def measure(place: Place, sizes: Sizes, board: Board) -> None:
    """Measure on each database, with one and two worker processes, for many videos and for one."""
    for processes in sizes.processes:
        with ExitStack() as stack:
            databases = [Rivals(place, database, processes, stack) for database in sizes.databases]
            for _ in range(sizes.rounds):
                for rivals in databases:
                    many, one = (rivals.round(videos, sizes, board) for videos in (sizes.videos, 1))
                    name = f"one hot video beside many, {rivals.database}, {_words(processes)}"
                    board.add(SECTION, name, "events/s", many, "many videos", compare=Compare.BASE)
                    board.add(SECTION, name, "events/s", one, "one hot video", compare=Compare.BASE)
                    if len(databases) > 1:
                        name = f"databases, many videos, {_words(processes)}"
                        board.add(SECTION, name, "events/s", many, rivals.database, compare=Compare.BASE)
    board.remark(
        SECTION,
        f"When a round begins, {sizes.events:,} events wait per worker process, and {sizes.tasks:,} tasks of the "
        "naive design.",
    )


class Rivals:
    """Our system and its rivals, on one database server and one Valkey, each with its own databases."""

    def __init__(self, place: Place, database: str, processes: int, stack: ExitStack) -> None:
        self._place = place
        self.database = database
        self._processes = processes
        first = len(VALKEY_DATABASES) * DATABASES.index(database)
        ours, naives, bares = (first + number for number in VALKEY_DATABASES)
        self._pulse = stack.enter_context(place.system(database, ours))
        self._worker = stack.enter_context(self._pulse.worker(processes))
        # Our system without a worker: the rival writes its tables.
        self._naive = stack.enter_context(place.system(database, naives))
        self._naive_worker = stack.enter_context(_naive_worker(self._naive, processes))
        self._queue = stack.enter_context(Celery(broker=self._naive.redis_url, set_as_current=False))
        self._loops: list[Partner] = []
        if database == "postgresql":
            self._bare = stack.enter_context(place.system(database, bares))
            [sample] = place.reports(1, 1).batches()
            self._statements = bare.listen(self._bare.app, sample)
            self._loops = [stack.enter_context(Partner("benchmarks.rivals.bare")) for _ in range(processes)]

        # A worker compiles its SQL statements in its first transactions.
        drain(self._pulse, self._worker, place.reports(WARM_UP, WARM_UP))
        self._work(processes, WARM_UP)

    def round(self, videos: int, sizes: Sizes, board: Board) -> float:
        """Measure each once, in turn. Returns our rate."""
        name = f"{'one hot video' if videos == 1 else 'many videos'}, {self.database}, {_words(self._processes)}"
        rate = drain(self._pulse, self._worker, self._place.reports(sizes.events * self._processes, videos))
        board.add(SECTION, name, "events/s", rate, PULSE)
        if self._loops:
            for who, spelt in ((BARE, False), (SPELT, True)):
                board.add(SECTION, name, "events/s", self._loop(sizes.events, videos, spelt=spelt), who)
        board.add(SECTION, name, "events/s", self._work(sizes.tasks * self._processes, videos), TASK_PER_EVENT)
        self._pulse.facts.assert_exact()
        return rate

    def _loop(self, events: int, videos: int, *, spelt: bool) -> float:
        """The rate of the bare loops, one for each of our worker processes."""
        rows = self._bare.facts.rows()
        for loop in self._loops:
            reports = asdict(self._place.reports(events, videos))
            loop.get_ready({"url": self._bare.url, "reports": reports, "statements": self._statements, "spelt": spelt})
        started = time.monotonic()
        for loop in self._loops:
            loop.go()
        for loop in self._loops:
            loop.finish()
        seconds = time.monotonic() - started
        assert self._bare.facts.rows() - rows == events * len(self._loops)
        self._bare.facts.assert_aggregates_exact()
        return events * len(self._loops) / seconds

    def _work(self, tasks: int, videos: int) -> float:
        """The rate of the task-per-event worker, which is frozen while the tasks are sent."""
        facts = self._naive.facts
        until = facts.rows() + tasks
        self._naive_worker.process.pause()
        for event in self._place.reports(tasks, videos).events():
            row = {name: getattr(event, name) for name in event.__slots__}
            self._queue.send_task(TASK, [row])
        started = time.monotonic()
        self._naive_worker.process.unpause()
        while facts.rows() < until:
            time.sleep(POLL_SECONDS)
        seconds = time.monotonic() - started
        assert sum(facts.counts().values()) == facts.rows() == until
        return tasks / seconds


@contextmanager
def _naive_worker(system: System, processes: int) -> Iterator[WorkerContainer]:
    env = environment({"TASK_PER_EVENT_REDIS_URL": system.redis_url, "TASK_PER_EVENT_DATABASE_URL": system.url})
    container = start_worker(
        system.folder, env, processes, f"task-per-event-{processes}", module="benchmarks.rivals.task_per_event:celery"
    )
    try:
        yield container
    finally:
        container.teardown()


def _words(processes: int) -> str:
    return "1 worker process" if processes == 1 else f"{processes} worker processes"
