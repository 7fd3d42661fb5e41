"""Whole systems that through compares: us, the version before us, and the Node rival, each with workers that run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from benchmarks.rivals import fastify
from benchmarks.servers import web_server
from benchmarks.versions import PRESENT, Version, checked_out
from tests.facts import wait_until

if TYPE_CHECKING:
    from contextlib import ExitStack

    from benchmarks.place import Place, System
    from benchmarks.rivals.fastify import NodeSystem

WORKER_PROCESSES = 2
"""Of ours."""
AGAINST_DATABASE = 1
NODE_DATABASES = dict(zip(fastify.PROCESSES, (2, 3), strict=True))
"""Of Valkey; ours is 0."""
PATIENCE_SECONDS = 30.0


class Moment(NamedTuple):
    """What a side said at a time."""

    at: float
    recorded: int
    """Events that are counted, ever."""
    waiting: int


class Side(Protocol):
    """A system that accepts and counts."""

    who: str
    port: int

    def moment(self) -> Moment:
        """What it says now."""

    def finish(self, least: int, most: int) -> None:
        """Return when nothing waits, and check that so many are then recorded and that every counter is exact."""


def open_sides(place: Place, stack: ExitStack, database: str, against: str | None) -> list[Side]:
    """Ours first."""
    sides: list[Side] = [_open_version(place, stack, database, PRESENT, 0)]
    if against:
        version = stack.enter_context(checked_out(against))
        sides.append(_open_version(place, stack, database, version, AGAINST_DATABASE))
    if database == "postgresql" and fastify.lacks() is None:
        for processes in fastify.PROCESSES:
            node = stack.enter_context(fastify.system(place, NODE_DATABASES[processes], processes))
            sides.append(NodeSide(node))
    return sides


def _open_version(place: Place, stack: ExitStack, database: str, version: Version, number: int) -> PulseSide:
    system = stack.enter_context(place.system(database, number, version=version))
    server = stack.enter_context(web_server(place.folder, system.env, version))
    stack.enter_context(system.worker(WORKER_PROCESSES))
    return PulseSide(version.who, server.port, system)


class PulseSide:
    """A version of ours."""

    def __init__(self, who: str, port: int, system: System) -> None:
        self.who = who
        self.port = port
        self._facts = system.facts

    def moment(self) -> Moment:
        """What the journal says now."""
        return Moment(time.monotonic(), self._facts.ledger()["settled"], self._facts.waiting())

    def finish(self, least: int, most: int) -> None:
        """Return when the journal is empty."""
        wait_until(lambda: self._facts.waiting() == 0, PATIENCE_SECONDS)
        assert least <= self._facts.rows() <= most
        self._facts.assert_exact()


class NodeSide:
    """The Node rival."""

    def __init__(self, node: NodeSystem) -> None:
        self.who = node.who
        self.port = node.port
        self._node = node
        self._forgotten = 0

    def moment(self) -> Moment:
        """What the database and the queue say now. What was forgotten counts as recorded once it is."""
        return Moment(time.monotonic(), self._node.rows() + self._forgotten, self._node.waiting())

    def finish(self, least: int, most: int) -> None:
        """Empty the queue, which takes the rival much longer than a turn, and wait for what was taken from it."""
        self._forgotten += self._node.forget_what_waits()
        self._node.assert_exact(least - self._forgotten, most - self._forgotten)
