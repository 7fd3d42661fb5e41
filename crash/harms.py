"""What each harm does, and how it is undone.

Each is a generator that is advanced every TICK_SECONDS. It yields to wait, and closing it undoes the harm. A harm that
is impossible (its target is down already, for example) is skipped.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from hashlib import sha1
from typing import TYPE_CHECKING

import psycopg
from redis.exceptions import RedisError

from crash.blows import kill, kill_children, restart, rolling_restart, stop, term, wait
from crash.errands import PATIENCE_SECONDS
from crash.plan import ERRANDS, WEBS
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crash.parts import Part
    from crash.plan import Harm
    from crash.stack import Stack
    from tests.servers.local_process import LocalProcess

SETTLING = sha1((ROOT / "pulse_analytics/ingest/journal/lua/settle.lua").read_bytes()).hexdigest().encode()
"""What a worker's request to settle entries holds."""
DAY_NS = 86_400 * 10**9
DATABASE_ERRORS = (psycopg.Error, sqlite3.Error)

_OVER = object()


def cut(stack: Stack, harm: Harm) -> Iterator[None]:
    """Reset the connections of a link."""
    yield
    stack.links[harm.target].cut()


def refuse(stack: Stack, harm: Harm) -> Iterator[None]:
    """Refuse all connections of a link for a while."""
    yield from _disturb(stack, harm, stack.links[harm.target].refuse)


def stall(stack: Stack, harm: Harm) -> Iterator[None]:
    """Hold up a link's bytes for a while."""
    yield from _disturb(stack, harm, stack.links[harm.target].stall)


def keep_unsettled(stack: Stack, harm: Harm) -> Iterator[None]:
    """Stall a worker's link to Valkey for a while, from a moment when it has committed a batch and settles it."""
    # For a moment when it does: a run lasts for seconds, so wait for the next one.
    yield from _disturb(stack, harm, lambda: stack.links[harm.target].stall_at(SETTLING))


def swallow(stack: Stack, harm: Harm) -> Iterator[None]:
    """Cut each connection of a link just before one of its next answers."""
    yield
    stack.links[harm.target].swallow(harm.number % 6)


def lock(stack: Stack, harm: Harm) -> Iterator[None]:
    """Hold a lock in the database that counting needs, for a while."""
    if _is_up(stack.database.part):
        with suppress(*DATABASE_ERRORS), stack.database.locked():
            yield from wait(harm.seconds)


def limit_memory(stack: Stack, harm: Harm) -> Iterator[None]:
    """Limit Valkey's memory to little more than it uses, for a while."""
    if _is_up(stack.parts["valkey"]):
        with suppress(RedisError):
            used = int(stack.redis.info("memory")["used_memory"])
            stack.limit_memory(used + harm.number * 100, harm.target)
            yield from wait(harm.seconds)
        with suppress(RedisError):
            stack.lift_memory_limit()


def unlink(stack: Stack, harm: Harm) -> Iterator[None]:
    """Unlink all dedupe keys."""
    yield
    with suppress(RedisError):
        for key in list(stack.redis.scan_iter("dedupe:*", count=1000)):
            stack.redis.unlink(key)


def fill_disk(stack: Stack, harm: Harm) -> Iterator[None]:
    """Fill a disk, for a while."""
    disk = stack.valkey_disk if harm.target == "valkey" else stack.database.disk
    assert disk is not None
    disk.fill()
    try:
        if harm.target == "database" and harm.number % 2 and _is_up(stack.database.part):
            with suppress(*DATABASE_ERRORS):
                stack.database.need_new_file()
        yield from wait(harm.seconds)
    finally:
        disk.make_room()


def shift_clock(stack: Stack, harm: Harm) -> Iterator[None]:
    """Set a web process's clock days backward or forward, for a while."""
    stack.shift_clock(harm.target, (harm.number - 500) * DAY_NS // 25)
    try:
        yield from wait(harm.seconds)
    finally:
        stack.shift_clock(harm.target, 0)


def migrate(stack: Stack, harm: Harm) -> Iterator[None]:
    """Upgrade the database to its newest migration, or beyond that and back."""
    steps: list[Callable[[], LocalProcess]] = [stack.migrations.upgrade]
    if harm.target != "head":
        steps = [stack.migrations.upgrade_beyond, stack.migrations.come_back]
    for step in steps:
        yield from _run(step())


def errand(stack: Stack, harm: Harm) -> Iterator[None]:
    """Run an operator's command. If the number is odd, it is killed after a while."""
    user_id = harm.target if harm.kind.startswith("forget") else ""
    seconds = [PATIENCE_SECONDS, 0.1 + harm.seconds / 3][harm.number % 2]
    yield from stack.errands.run(harm.kind, user_id, seconds)


def change_key(stack: Stack, harm: Harm) -> Iterator[None]:
    """Put the key of user ids first in one web process after another, each of which is restarted for that."""
    for web in WEBS:
        stack.put_key_first(web)
        yield from restart(stack.parts[web])


KINDS: dict[str, Callable[[Stack, Harm], Iterator[None]]] = {
    "kill": kill,
    "kill children": kill_children,
    "term": term,
    "stop": stop,
    "cut": cut,
    "refuse": refuse,
    "stall": stall,
    "swallow": swallow,
    "keep unsettled": keep_unsettled,
    "lock": lock,
    "limit memory": limit_memory,
    "unlink": unlink,
    "fill disk": fill_disk,
    "shift clock": shift_clock,
    "migrate": migrate,
    "rolling restart": rolling_restart,
    "change key": change_key,
    **dict.fromkeys(ERRANDS, errand),
}


def goes_on(harm: Iterator[None]) -> bool:
    """Advance a harm. Returns whether it goes on."""
    return next(harm, _OVER) is not _OVER


def _disturb(stack: Stack, harm: Harm, begin: Callable[[], None]) -> Iterator[None]:
    begin()
    try:
        yield from wait(harm.seconds)
    finally:
        stack.links[harm.target].heal()


def _run(process: LocalProcess) -> Iterator[None]:
    try:
        while process.status != "exited":
            yield
    finally:
        process.remove()


def _is_up(part: Part | None) -> bool:
    """Whether the part runs, so that a query to it cannot hang. A database without a server is always up."""
    return part is None or part.runs()
