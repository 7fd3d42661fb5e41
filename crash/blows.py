"""The harms that hit processes: SIGKILL, SIGTERM, SIGSTOP. They are generators; harms.py says how those work."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from tests.servers import reaper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crash.parts import Part
    from crash.plan import Harm
    from crash.stack import Stack

ROLLING_PATIENCE_SECONDS = 10.0


def kill(stack: Stack, harm: Harm) -> Iterator[None]:
    """SIGKILL a part's first process, or one of its children."""
    yield from _signal(stack, harm, signal.SIGKILL)


def kill_children(stack: Stack, harm: Harm) -> Iterator[None]:
    """For a while, SIGKILL a worker's children one after another, each shortly after it was started."""
    part, until = stack.parts[harm.target], time.monotonic() + harm.seconds
    while time.monotonic() < until:
        _send(stack, _child(part, harm.number), signal.SIGKILL)
        yield from wait(0.05 + harm.number / 2000)


def term(stack: Stack, harm: Harm) -> Iterator[None]:
    """SIGTERM a part; if it does not end in time, its urgent signal follows."""
    yield from _signal(stack, harm, signal.SIGTERM)


def stop(stack: Stack, harm: Harm) -> Iterator[None]:
    """Freeze a part, or one child of it, for a while."""
    name, _, child = harm.target.partition("/")
    part = stack.parts[name]
    if child:
        frozen = _child(part, harm.number)
        _send(stack, frozen, signal.SIGSTOP)
        try:
            yield from wait(harm.seconds)
        finally:
            _send(stack, frozen, signal.SIGCONT)
    else:
        part.process.pause()
        try:
            yield from wait(harm.seconds)
        finally:
            part.process.unpause()


def rolling_restart(stack: Stack, harm: Harm) -> Iterator[None]:
    """SIGTERM each part in turn, and wait until it is ready again."""
    for part in stack.parts.values():
        yield from restart(part)


def restart(part: Part) -> Iterator[None]:
    """SIGTERM the part, and wait until it is ready again."""
    starts = part.starts
    part.terminate()
    yield from _until(lambda: part.starts > starts and part.is_ready())


def wait(seconds: float) -> Iterator[None]:
    """Yield until `seconds` have passed."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield


def _signal(stack: Stack, harm: Harm, number: signal.Signals) -> Iterator[None]:
    yield
    name, _, child = harm.target.partition("/")
    part = stack.parts[name]
    if child:
        _send(stack, _child(part, harm.number), number)
    elif number == signal.SIGKILL:
        stack.kills += 1
        part.kill()
    else:
        part.terminate()


def _until(true: Callable[[], bool]) -> Iterator[None]:
    until = time.monotonic() + ROLLING_PATIENCE_SECONDS
    while not true() and time.monotonic() < until:
        yield


def _child(part: Part, number: int) -> set[int]:
    """The pid of a child of `part`, if it has one."""
    children = part.children()
    return {children[number % len(children)]} if children else set()


def _send(stack: Stack, pids: set[int], number: int) -> None:
    stack.kills += len(pids) if number == signal.SIGKILL else 0
    reaper.send(pids, number)
