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
from benchmarks.rivals import LITERAL, fastify
from benchmarks.sizes import FSYNC

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.place import Place
    from benchmarks.sizes import Sizes

SECTION = "accept"
BATCH = 50
NEIGHBOUR_BATCH = 500
NEIGHBOUR_HEAD_START_SECONDS = 0.5
LITERAL_SHARE = 4
"""The literal card is sent this part of the POSTs, or a round would be mostly its own."""
MOST_REPORTS = 10_000_000
"""More than anything takes in a turn of some seconds."""


def measure(place: Place, sizes: Sizes, board: Board) -> None:
    """Let the doors take turns, in every round and with each setting of `appendfsync`."""
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
    """What became of a load, and the processor time that it took."""

    outcome: Outcome
    web_seconds: float
    valkey_seconds: float


class Turns:
    """What the doors are sent in turn."""

    def __init__(
        self, place: Place, sizes: Sizes, board: Board, clients: tuple[Partner, Partner], doors: list[Door]
    ) -> None:
        self.client_percent: dict[str, float] = {}
        """How much of a core the client used, at the most, by whom it asked. 100 would be its limit."""
        self.wrk = wrk.find() if sizes.wrk else None
        self._place = place
        self._sizes = sizes
        self._board = board
        self._client, self._neighbour = clients
        self._doors = doors

    def warm_up(self) -> None:
        """Send single POSTs to each door, of which nothing is noted: compilers and caches get their work done."""
        for door in self._doors:
            self._send(door, self._load(door, self._sizes.posts // LITERAL_SHARE))

    def take(self, fsync: str) -> None:
        """Everything once at a setting of `appendfsync`."""
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
        """Single POSTs to each of the doors; our events per second."""
        where = "" if connections == self._sizes.connections else f" on {connections} connections"
        name = f"single POSTs{where}, {fsync}"
        posts = {LITERAL: self._sizes.posts // LITERAL_SHARE}
        loads = [self._load(door, posts.get(door.who, self._sizes.posts), 1, connections) for door in doors]
        ours, *_ = (self._turn(door, name, load) for door, load in zip(doors, loads, strict=True))
        return ours

    def _batches(self, fsync: str) -> float:
        """Batches to each door that takes some; our events per second."""
        doors = [door for door in self._doors if door.takes_batches]
        name = f"batches of {BATCH}, {fsync}"
        ours, *_ = (self._turn(door, name, self._load(door, self._sizes.batches, BATCH)) for door in doors)
        return ours

    def _turn(self, door: Door, name: str, load: Load) -> float:
        """One load to one door, noted; its events per second."""
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
        """Single POSTs alone, then beside one client that posts large batches without a pause."""
        name = f"single POSTs beside batches of {NEIGHBOUR_BATCH}, {fsync}, {door.who}"
        for who, has_neighbour in (("alone", False), ("beside", True)):
            outcome = self._send(door, self._timed_load(door), has_neighbour=has_neighbour).outcome
            rate = outcome.requests / outcome.seconds
            self._board.add(SECTION, name, "p99 ms", outcome.p99_ms, who, compare=Compare.BASE)
            self._board.add(SECTION, name, "events/s", rate, who, compare=Compare.BASE)

    def _load(self, door: Door, requests: int, batch: int = 1, connections: int | None = None) -> Load:
        """So many requests, or as many as wrk sends in its time. wrk does not speak to Valkey."""
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
        """For so long as wrk sends in a turn, whatever sends it."""
        return Load(
            port=door.port,
            reports=asdict(self._place.reports(MOST_REPORTS, self._sizes.videos)),
            batch=batch,
            connections=connections or self._sizes.connections,
            seconds=self._sizes.wrk_seconds + more_seconds,
        )

    def _send(self, door: Door, load: Load, *, has_neighbour: bool = False) -> Taken:
        """Send a load, check that each event was accepted, and forget them again.

        wrk leaves what is on its way at the end unanswered.
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
        """Let one more client post large batches; what is returned waits for its end and says how many events."""
        load = self._timed_load(door, NEIGHBOUR_BATCH, 1, 2 * NEIGHBOUR_HEAD_START_SECONDS)
        wait = self._begin(self._neighbour, load)
        time.sleep(NEIGHBOUR_HEAD_START_SECONDS)
        return lambda: wait().requests * NEIGHBOUR_BATCH

    def _begin(self, client: Partner, load: Load) -> Callable[[], Outcome]:
        """wrk, where it can; else a client of ours."""
        return wrk.send(self.wrk, load) if self.wrk and not load.script else send(client, load)

    def _valkey_seconds(self) -> float:
        """What Valkey has used, its background rewriting not included."""
        cpu: Any = self._place.valkey.info("cpu")
        return float(cpu["used_cpu_sys"] + cpu["used_cpu_user"])


def _remark(board: Board, sizes: Sizes, turns: Turns) -> None:
    board.remark(SECTION, f"{sizes.connections} kept-alive connections, one request on each at a time.")
    busy = ", ".join(f"{who} {most:.0f} %" for who, most in turns.client_percent.items())
    who = "wrk, one thread" if turns.wrk else "benchmarks/client.py, one process"
    board.remark(SECTION, f"The client ({who}) is not the bottleneck: of one core it used, at the most: {busy}.")
    board.remark(
        SECTION, fastify.lacks() or "Of the two Node rivals the faster one counts: the one with the smaller ratio."
    )
    board.remark(SECTION, "A ratio of times below 1 means that we are quicker.")
