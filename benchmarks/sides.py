"""The whole systems that through.py compares: ours, an earlier version, the Node rival, each with running workers."""

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
"""Worker processes of our system."""
AGAINST_DATABASE = 1
NODE_DATABASES = dict(zip(fastify.PROCESSES, (2, 3), strict=True))
"""Valkey's database numbers; ours is 0."""
PATIENCE_SECONDS = 30.0


class Moment(NamedTuple):
    """The state of a side at one time."""

    at: float
    recorded: int
    """All events counted so far."""
    waiting: int


class Side(Protocol):
    """A system that accepts and counts."""

    who: str
    port: int

    def moment(self) -> Moment:
        """Its state now."""

    def finish(self, least: int, most: int) -> None:
        """Wait until nothing waits; check that `least` to `most` events are recorded and every counter is exact."""


def open_sides(place: Place, stack: ExitStack, database: str, against: str | None) -> list[Side]:
    """Open all sides, ours first."""
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
    """A version of pulse_analytics."""

    def __init__(self, who: str, port: int, system: System) -> None:
        self.who = who
        self.port = port
        self._facts = system.facts

    def moment(self) -> Moment:
        """The state of the journal now."""
        return Moment(time.monotonic(), self._facts.ledger()["settled"], self._facts.waiting())

    def finish(self, least: int, most: int) -> None:
        """Wait until the journal is empty, and check."""
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
        """The state of the database and the queue now. Events that `finish` drops from the queue count as recorded."""
        return Moment(time.monotonic(), self._node.rows() + self._forgotten, self._node.waiting())

    def finish(self, least: int, most: int) -> None:
        """Drop the queue, which the rival would need much longer than a turn to work off, and wait for taken events."""
        self._forgotten += self._node.forget_what_waits()
        self._node.assert_exact(least - self._forgotten, most - self._forgotten)
