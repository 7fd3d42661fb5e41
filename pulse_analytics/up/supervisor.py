"""Start in order, restart what dies, stop in order: one loop in the main thread."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from pulse_analytics.up.child import Child
from pulse_analytics.up.program import StartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pulse_analytics.up.program import Program

POLL_SECONDS = 0.1
"""How often the supervisor looks at its children. Chosen, not measured."""


class Supervisor:
    """The children of `pulse up`. Use it as a context manager, in the main thread: the exit stops them all."""

    def __init__(self, data_dir: Path, env: Mapping[str, str], say: Callable[[str], None]) -> None:
        """Children run in `data_dir`, so that no file in the user's current directory can be imported as a module."""
        self._data_dir = data_dir
        self._log_dir = data_dir / "log"
        self._log_dir.mkdir(mode=0o700, exist_ok=True)
        self._env = env
        self._say = say
        self._stages: list[list[Child]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, programs: Sequence[Program], stopping: Callable[[], bool]) -> None:
        """Start these together and return when all are ready, or when `stopping()` is true.

        Raises StartError if one ends or is not ready in time.
        """
        stage: list[Child] = []
        self._stages.append(stage)
        for program in programs:
            stage.append(Child(program, self._log_dir / f"{program.name}.log"))
            stage[-1].start(self._env, self._data_dir)
        waiting = list(stage)
        while waiting and not stopping():
            waiting = [child for child in waiting if not child.is_ready()]
            if waiting:
                time.sleep(POLL_SECONDS)

    def watch(self, stopping: Callable[[], bool]) -> None:
        """Restart, with back-off, whatever ends, and rotate the logs, until `stopping()` is true."""
        while not stopping():
            for child in (child for stage in self._stages for child in stage if not child.program.once):
                if child.has_ended():
                    self._say(child.bury_and_plan())
                elif child.is_due():
                    self._start_again(child)
                child.rotate_log()
                for pid in child.kill_what_hangs():
                    self._say(f"Process {pid} of {child.program.name} hung, and was killed: another takes its place.")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop the last stage first: SIGTERM to all its children, SIGKILL to those left after their grace."""
        for stage in reversed(self._stages):
            for child in stage:
                child.terminate()
            while any(child.is_ending() for child in stage):
                time.sleep(POLL_SECONDS / 4)
        self._stages.clear()

    def _start_again(self, child: Child) -> None:
        try:
            child.start(self._env, self._data_dir)
        except StartError as error:  # Out of processes or memory, which may also be temporary.
            self._say(f"{error} {child.plan(ran_seconds=0)}")


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Yields a function that is true once Ctrl-C, SIGTERM or SIGHUP has arrived; a second signal changes nothing."""
    received: list[int] = []
    # Leave SIGHUP ignored if it is: `nohup` does that so that a closed terminal ends nothing. Never leave SIGINT
    # ignored: a shell's `&` does that for other reasons.
    wanted = [signal.SIGINT, signal.SIGTERM]
    wanted += [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN else []
    before = {number: signal.signal(number, lambda number, _: received.append(number)) for number in wanted}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
