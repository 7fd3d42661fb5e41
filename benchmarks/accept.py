"""accept: reports through the real server, beside an empty view, the literal card, and accept.lua without HTTP."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import wrk
from benchmarks.client import Load, Outcome, send
from benchmarks.figures import PULSE, Board, Compare
from benchmarks.partner import Partner
from benchmarks.rivals import EMPTY, LITERAL, SCRIPT
from benchmarks.servers import web_server
from pulse_analytics.ingest.journal import scripts

if TYPE_CHECKING:
    from redis import Redis

    from benchmarks.place import Place
    from benchmarks.sizes import Sizes

SECTION = "accept"
FSYNC = ("always", "everysec")
BATCH = 50
LITERAL_SHARE = 4
"""The literal card is sent this part of the POSTs, or a round would be mostly its own."""
LITERAL_DATABASE = 1
"""Of Valkey."""
WRK_MOST = 10_000_000
"""More reports than wrk sends in a round."""


class Door(NamedTuple):
    """Somewhere to send reports to."""

    who: str
    port: int
    redis: Redis | None = None
    """Where what it accepts waits; None: it accepts nothing."""
    waits_in: str = "queue:analytics"
    script: str = ""
    """If given, the port is Redis', and this is the script's digest."""

    def accepted(self) -> int:
        """How many it has accepted: by the ledger, or, where there is none, those that wait."""
        if self.redis is None:
            return 0
        redis: Any = self.redis
        return int(redis.llen(self.waits_in) if self.who == LITERAL else redis.hget("pulse:ledger", "accepted") or 0)


def measure(place: Place, sizes: Sizes, board: Board) -> None:
    """Let the doors take turns, in every round and with each setting of `appendfsync`."""
    with ExitStack() as stack:
        client = stack.enter_context(Partner("benchmarks.client"))
        turns = Turns(place, sizes, board, client, _open_doors(place, stack))
        for _ in range(sizes.rounds):
            for fsync in FSYNC:
                place.valkey.config_set("appendfsync", fsync)
                rates = {"single POSTs": turns.single(fsync), f"batches of {BATCH}": turns.batches(fsync)}
                for what, rate in rates.items():
                    name = f"batches beside single POSTs, {fsync}"
                    board.add(SECTION, name, "events/s", rate, what, compare=Compare.BASE)
        place.valkey.config_set("appendfsync", FSYNC[0])
    board.remark(SECTION, f"{sizes.connections} kept-alive connections, one request on each at a time.")
    busy = ", ".join(f"{who} {most:.0f} %" for who, most in turns.client_percent.items())
    who = "wrk, one thread" if turns.wrk else "benchmarks/client.py, one process"
    board.remark(SECTION, f"The client ({who}) is not the bottleneck: of one core it used, at the most: {busy}.")


class Turns:
    """What the doors are sent in turn."""

    def __init__(self, place: Place, sizes: Sizes, board: Board, client: Partner, doors: list[Door]) -> None:
        self.client_percent: dict[str, float] = {}
        """How much of a core the client used, at the most, by whom it asked. 100 would be its limit."""
        self.wrk = wrk.find() if sizes.wrk else None
        self._place = place
        self._sizes = sizes
        self._board = board
        self._client = client
        self._doors = doors

    def single(self, fsync: str) -> float:
        """Single POSTs to each door; our events per second."""
        posts = {LITERAL: self._sizes.posts // LITERAL_SHARE}
        rates = [self._turn(door, posts.get(door.who, self._sizes.posts), 1, fsync) for door in self._doors]
        return rates[0]

    def batches(self, fsync: str) -> float:
        """Batches to each door that takes some; our events per second."""
        doors = [door for door in self._doors if door.who != LITERAL]
        rates = [self._turn(door, self._sizes.batches, BATCH, fsync) for door in doors]
        return rates[0]

    def _turn(self, door: Door, requests: int, batch: int, fsync: str) -> float:
        outcome = self._send(door, requests, batch)
        rate = outcome.requests * batch / outcome.seconds
        name = f"{'single POSTs' if batch == 1 else f'batches of {batch}'}, {fsync}"
        self._board.add(SECTION, name, "events/s", rate, door.who)
        self._board.add(SECTION, name, "p50 ms", outcome.p50_ms, door.who, compare=Compare.NOT)
        self._board.add(SECTION, name, "p99 ms", outcome.p99_ms, door.who, compare=Compare.NOT)
        busy = outcome.cpu_seconds / outcome.seconds * 100
        self.client_percent[door.who] = max(busy, self.client_percent.get(door.who, 0.0))
        return rate

    def _send(self, door: Door, requests: int, batch: int) -> Outcome:
        """Send so many requests, check that each event was accepted, and forget them again.

        wrk sends for a time, not a number, and leaves what is on its way at the end unanswered.
        """
        program = self.wrk if not door.script else None
        most = WRK_MOST if program else requests * batch
        load = Load(
            port=door.port,
            reports=asdict(self._place.reports(most, self._sizes.videos)),
            batch=batch,
            connections=self._sizes.connections,
            script=door.script,
        )
        before = door.accepted()
        self._place.calm()
        outcome = wrk.send(program, load, self._sizes.wrk_seconds) if program else send(self._client, load)()
        if door.redis is not None:
            unanswered = door.accepted() - before - outcome.requests * batch
            assert 0 <= unanswered <= (self._sizes.connections * batch if program else 0), (door.who, unanswered)
            door.redis.unlink(door.waits_in)
        return outcome


def _open_doors(place: Place, stack: ExitStack) -> list[Door]:
    """Ours first."""
    system = stack.enter_context(place.system("sqlite"))
    redis = stack.enter_context(place.redis(LITERAL_DATABASE))
    env = {"LITERAL_REDIS_URL": place.redis_url(LITERAL_DATABASE)}
    ours = stack.enter_context(web_server(place.folder, system.env))
    empty = stack.enter_context(web_server(place.folder, {}, "benchmarks.rivals.empty:app"))
    literal = stack.enter_context(web_server(place.folder, env, "benchmarks.rivals.literal:app"))
    digest = str(system.redis.script_load((Path(scripts.__file__).parent / "lua" / "accept.lua").read_text()))
    return [
        Door(PULSE, ours, system.redis),
        Door(EMPTY, empty),
        Door(LITERAL, literal, redis, "celery"),
        Door(SCRIPT, place.redis_port, system.redis, script=digest),
    ]
