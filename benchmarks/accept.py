"""accept: reports through the real server, beside rivals (doors.py), with no worker on either side."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import wrk
from benchmarks.client import Load, Outcome, send
from benchmarks.doors import Door, open_doors
from benchmarks.figures import Board, Compare
from benchmarks.partner import Partner
from benchmarks.rivals import TASK_PER_EVENT, fastify
from benchmarks.sizes import FSYNC

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.place import Place
    from benchmarks.sizes import Sizes

SECTION = "accept"
BATCH = 50
NEIGHBOUR_BATCH = 500
NEIGHBOUR_HEAD_START_SECONDS = 0.5
TASK_PER_EVENT_SHARE = 4
"""The task-per-event rival gets one in this many POSTs, or it would take most of a round's time."""
MOST_REPORTS = 10_000_000
"""More than any server accepts in one turn of a few seconds."""


def measure(place: Place, sizes: Sizes, board: Board) -> None:
    """Measure the doors in turn, in every round and with each setting of `appendfsync`."""
    with ExitStack() as stack:
        clients = stack.enter_context(Partner("benchmarks.client")), stack.enter_context(Partner("benchmarks.client"))
        turns = Turns(place, sizes, board, clients, open_doors(place, stack, sizes.against))
        turns.warm_up()
        for _ in range(sizes.rounds):
            for fsync in sizes.fsync:
                place.valkey.config_set("appendfsync", fsync)
                turns.take(fsync)
        place.valkey.config_set("appendfsync", FSYNC[0])
    _remark(board, sizes, turns)


class Taken(NamedTuple):
    """The outcome of a load, and the CPU time that it took."""

    outcome: Outcome
    web_seconds: float
    valkey_seconds: float


class Turns:
    """The loads of a round, sent to each door in turn."""

    def __init__(
        self, place: Place, sizes: Sizes, board: Board, clients: tuple[Partner, Partner], doors: list[Door]
    ) -> None:
        self.client_percent: dict[str, float] = {}
        """The most CPU that the client used, by door, in percent of a core. At 100 it would be the bottleneck."""
        self.wrk = wrk.find() if sizes.wrk else None
        self._place = place
        self._sizes = sizes
        self._board = board
        self._client, self._neighbour = clients
        self._doors = doors

    def warm_up(self) -> None:
        """Send single POSTs to each door without measuring them, to warm up compilers and caches."""
        for door in self._doors:
            self._send(door, self._load(door, self._sizes.posts // TASK_PER_EVENT_SHARE))

    def take(self, fsync: str) -> None:
        """Send every load once, at one setting of `appendfsync`."""
        single = self._singles(fsync, self._sizes.connections, self._doors)
        batches = self._batches(fsync)
        for what, rate in (("single POSTs", single), (f"batches of {BATCH}", batches)):
            name = f"batches beside single POSTs, {fsync}"
            self._board.add(SECTION, name, "events/s", rate, what, compare=Compare.BASE)
        rates = {self._sizes.connections: single}
        for connections in self._sizes.more_connections:
            rates[connections] = self._singles(fsync, connections, [door for door in self._doors if door.is_system])
        for connections, rate in rates.items():
            name = f"single POSTs by connections, {fsync}"
            self._board.add(SECTION, name, "events/s", rate, str(connections), compare=Compare.BASE)
        for door in self._doors:
            if door.is_ours:
                self._beside_a_neighbour(door, fsync)

    def _singles(self, fsync: str, connections: int, doors: list[Door]) -> float:
        """Send single POSTs to each of the doors. Returns our events per second."""
        where = "" if connections == self._sizes.connections else f" on {connections} connections"
        name = f"single POSTs{where}, {fsync}"
        posts = {TASK_PER_EVENT: self._sizes.posts // TASK_PER_EVENT_SHARE}
        loads = [self._load(door, posts.get(door.who, self._sizes.posts), 1, connections) for door in doors]
        ours, *_ = (self._turn(door, name, load) for door, load in zip(doors, loads, strict=True))
        return ours

    def _batches(self, fsync: str) -> float:
        """Send batches to each door that accepts them. Returns our events per second."""
        doors = [door for door in self._doors if door.takes_batches]
        name = f"batches of {BATCH}, {fsync}"
        ours, *_ = (self._turn(door, name, self._load(door, self._sizes.batches, BATCH)) for door in doors)
        return ours

    def _turn(self, door: Door, name: str, load: Load) -> float:
        """Send one load to one door and note the results. Returns its events per second."""
        outcome, web, valkey = self._send(door, load)
        rate = outcome.requests * load.batch / outcome.seconds
        self._board.add(SECTION, name, "events/s", rate, door.who)
        self._board.add(SECTION, name, "p50 ms", outcome.p50_ms, door.who)
        self._board.add(SECTION, name, "p99 ms", outcome.p99_ms, door.who)
        if door.server:
            self._board.add(SECTION, name, "web CPU, us/request", web / outcome.requests * 1e6, door.who)
        if door.redis:
            self._board.add(SECTION, name, "Valkey CPU, us/request", valkey / outcome.requests * 1e6, door.who)
        busy = outcome.cpu_seconds / outcome.seconds * 100
        self.client_percent[door.who] = max(busy, self.client_percent.get(door.who, 0.0))
        return rate

    def _beside_a_neighbour(self, door: Door, fsync: str) -> None:
        """Send single POSTs alone, then beside one client that posts large batches without a pause."""
        name = f"single POSTs beside batches of {NEIGHBOUR_BATCH}, {fsync}, {door.who}"
        for who, has_neighbour in (("alone", False), ("beside", True)):
            outcome = self._send(door, self._timed_load(door), has_neighbour=has_neighbour).outcome
            rate = outcome.requests / outcome.seconds
            self._board.add(SECTION, name, "p99 ms", outcome.p99_ms, who, compare=Compare.BASE)
            self._board.add(SECTION, name, "events/s", rate, who, compare=Compare.BASE)

    def _load(self, door: Door, requests: int, batch: int = 1, connections: int | None = None) -> Load:
        """A load of this many requests, or as many as wrk sends in `wrk_seconds`. wrk cannot send to Valkey."""
        by_time = self.wrk and not door.script
        return Load(
            port=door.port,
            reports=asdict(self._place.reports(MOST_REPORTS if by_time else requests * batch, self._sizes.videos)),
            batch=batch,
            connections=connections or self._sizes.connections,
            seconds=self._sizes.wrk_seconds if by_time else 0.0,
            script=door.script,
        )

    def _timed_load(self, door: Door, batch: int = 1, connections: int | None = None, more_seconds: float = 0) -> Load:
        """A load that lasts as long as one turn of wrk, whichever client sends it."""
        return Load(
            port=door.port,
            reports=asdict(self._place.reports(MOST_REPORTS, self._sizes.videos)),
            batch=batch,
            connections=connections or self._sizes.connections,
            seconds=self._sizes.wrk_seconds + more_seconds,
        )

    def _send(self, door: Door, load: Load, *, has_neighbour: bool = False) -> Taken:
        """Send a load, check that every event was accepted, and drop the events.

        When wrk ends, it does not wait for the answers to its last requests, so more may be accepted than it counted.
        """
        self._place.calm()
        before, web, valkey = door.accepted(), door.cpu_seconds(), self._valkey_seconds()
        wait_for_neighbour = self._begin_neighbour(door) if has_neighbour else lambda: 0
        outcome = self._begin(self._client, load)()
        taken = Taken(outcome, door.cpu_seconds() - web, self._valkey_seconds() - valkey)
        sent = outcome.requests * load.batch + wait_for_neighbour()
        if door.redis is not None:
            more = door.accepted() - before - sent
            most = load.connections * load.batch + (NEIGHBOUR_BATCH if has_neighbour else 0)
            assert 0 <= more <= (most if self.wrk and not door.script else 0), (door.who, more)
            door.forget()
        return taken

    def _begin_neighbour(self, door: Door) -> Callable[[], int]:
        """Start another client that posts large batches. Returns a function that waits for its end and returns its
        number of events."""
        load = self._timed_load(door, NEIGHBOUR_BATCH, 1, 2 * NEIGHBOUR_HEAD_START_SECONDS)
        wait = self._begin(self._neighbour, load)
        time.sleep(NEIGHBOUR_HEAD_START_SECONDS)
        return lambda: wait().requests * NEIGHBOUR_BATCH

    def _begin(self, client: Partner, load: Load) -> Callable[[], Outcome]:
        """Start a load with wrk if possible, else with our own client."""
        return wrk.send(self.wrk, load) if self.wrk and not load.script else send(client, load)

    def _valkey_seconds(self) -> float:
        """The CPU time that Valkey has used, without background rewrites."""
        cpu: Any = self._place.valkey.info("cpu")
        return float(cpu["used_cpu_sys"] + cpu["used_cpu_user"])


def _remark(board: Board, sizes: Sizes, turns: Turns) -> None:
    board.remark(SECTION, f"{sizes.connections} kept-alive connections, one request on each at a time.")
    busy = ", ".join(f"{who} {most:.0f} %" for who, most in turns.client_percent.items())
    who = "wrk, one thread" if turns.wrk else "benchmarks/client.py, one process"
    board.remark(
        SECTION, f"The client ({who}) is not the bottleneck: it used at most these shares of one core: {busy}."
    )
    board.remark(
        SECTION, fastify.lacks() or "Of the two Node rivals, the faster one counts: the one with the smaller ratio."
    )
    board.remark(SECTION, "A ratio of times below 1 means that pulse is faster.")
