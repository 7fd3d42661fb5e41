"""What operators do while events flow: they expire raw events, forget users, and look at the audit.

Each errand is a command of `pulse` in a process of its own, which reaches the servers through the links of a worker's
machine. It may be killed. At the end, every errand that no later run finished is run again until one does.
"""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crash.pulse import start_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

RETENTION_DAYS = 10
SETTINGS = {"PULSE_RETENTION_DAYS": str(RETENTION_DAYS)}
"""The settings of all processes in a run with errands."""
COMMANDS = {
    "expire": ("expire",),
    "forget": ("forget", "--"),
    "forget with counts": ("forget", "--with-counts", "--"),
    "audit": ("audit", "--json"),
    "pseudonymise": ("pseudonymise",),
}
TRIES = 4
PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Errand:
    """One run of a command."""

    kind: str
    """One of COMMANDS."""
    user_id: str
    """The user to forget, or empty."""
    began: float
    """Seconds since 1970."""
    ended: float = float("inf")
    exit_code: int | None = None
    """Negative if it was killed."""
    output: str = ""
    in_peace: bool = False
    """Whether it ran when everything was healed and counted, and all clients had left."""

    @property
    def is_killed(self) -> bool:
        """Whether it was killed."""
        return self.exit_code == -signal.SIGKILL

    @property
    def finished(self) -> bool:
        """Whether it did all that it had to."""
        return self.exit_code == 0

    @property
    def objection(self) -> str:
        """What is wrong with its output; empty if nothing is. That a command fails in a sentence is all right."""
        if "Traceback" in self.output:
            return self.output
        return self.output if '"closed": false' in self.output else ""

    def __str__(self) -> str:
        return f"{self.kind} {self.user_id}".rstrip() + f" from {self.began:.3f} to {self.ended:.3f}: {self.exit_code}"


class Errands:
    """Runs errands with `env`, with logs in `folder`."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.done: list[Errand] = []
        """In the order in which they began."""
        self._folder = folder
        self._env = env

    def run(
        self, kind: str, user_id: str, seconds: float = PATIENCE_SECONDS, *, in_peace: bool = False
    ) -> Iterator[None]:
        """Run an errand, and yield until it ends. After `seconds`, or if this is closed, it is killed."""
        errand = Errand(kind, user_id, time.time(), in_peace=in_peace)
        self.done.append(errand)
        log = self._folder / f"errand{len(self.done)}.log"
        words = [*COMMANDS[kind], *([user_id] if user_id else [])]
        process = start_command(words, self._env, log, plain=in_peace)
        try:
            until = time.monotonic() + seconds
            while process.is_alive() and time.monotonic() < until:
                yield
        finally:
            process.kill()
            process.join()
            errand.ended = time.time()
            errand.exit_code = process.exitcode
            errand.output = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def finish(self, kinds: Iterable[str], wait_until: Callable[[Callable[[], bool], float], bool]) -> None:
        """Run those again that no later run finished, and these kinds in any case, until each is finished."""
        for kind, user_id in dict.fromkeys([*unfinished(self.done), *((kind, "") for kind in kinds)]):
            for _ in range(TRIES):
                run = self.run(kind, user_id, in_peace=True)
                wait_until(lambda run=run: next(run, self) is self, PATIENCE_SECONDS + 1)  # type: ignore[misc]
                if self.done[-1].finished:
                    break


def unfinished(done: Iterable[Errand]) -> list[tuple[str, str]]:
    """The kinds and users of those errands that did not finish, nor did a later one of the same kind and user."""
    last = {(errand.kind, errand.user_id): errand for errand in done if errand.kind != "audit"}
    return [key for key, errand in last.items() if not errand.finished]
