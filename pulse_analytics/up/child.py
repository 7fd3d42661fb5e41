"""One program and the process that runs it: start, readiness, end, and when to restart."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from pulse_analytics.up.heartbeats import Heartbeats
from pulse_analytics.up.process import spawn
from pulse_analytics.up.program import Log, Program, StartError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

BACKOFF_SECONDS = 0.5
BACKOFF_MAX_SECONDS = 30.0
"""The pause before a child that died is started again; it doubles with each death. Chosen, not measured."""
STEADY_SECONDS = 60.0
"""A child that ran this long is healthy; its back-off is reset."""


class Child:
    """One program and the process that runs it, if any."""

    def __init__(self, program: Program, log_path: Path) -> None:
        self.program = program
        self._log_path = log_path
        self._log: Log | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._failures = 0
        self._due: float | None = None
        self._kill_at = 0.0
        self._heartbeats = None if program.heartbeats is None else Heartbeats(program.heartbeats)

    def start(self, env: Mapping[str, str], cwd: Path) -> None:
        """Start the process. Raises StartError if the operating system refuses."""
        self._started, self._due = time.monotonic(), None
        try:
            self._log = Log(self._log_path)
            with _append_to(self._log_path) as output:
                self._process = spawn(
                    self.program.command,
                    env=env,
                    cwd=cwd,
                    output=output,
                    pass_fds=self.program.pass_fds,
                    death_signal=self.program.death_signal,
                )
        except OSError as error:
            raise StartError(f"{self.program.name} could not be started: {error}.") from error

    def is_ready(self) -> bool:
        """Whether the program is ready. Raises StartError if it ended or took too long."""
        assert self._log is not None  # noqa: S101 - it was started
        if self.has_ended():
            status = self._bury()
            if self.program.once and status == 0:
                return True
            raise StartError(f"{self.program.name} could not start ({_words(status)}): {self._last_words()}")
        lacks = "it has not ended" if self.program.once else self.program.missing(self._log)
        if lacks and time.monotonic() - self._started > self.program.patience_seconds:
            seconds = f"{self.program.patience_seconds:g} s"
            raise StartError(f"{self.program.name} is not ready after {seconds} ({lacks}): {self._last_words()}")
        return lacks is None

    def has_ended(self) -> bool:
        """Whether its process has ended and is not reaped yet."""
        if self._process is None:
            return False
        # Do not reap it (WNOWAIT): until then its id is not reused, so `_bury` cannot kill another process group.
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def is_due(self) -> bool:
        """Whether it is time to restart it."""
        return self._due is not None and time.monotonic() >= self._due

    def bury_and_plan(self) -> str:
        """Reap the ended process and schedule the restart. Returns a line for the user."""
        status, ran_seconds = self._bury(), time.monotonic() - self._started
        # A killed process logs no reason, so the last line of its log is about something else.
        why = f": {self._last_words()}" if status > 0 else "."
        return f"{self.program.name} ended ({_words(status)}){why} {self.plan(ran_seconds)}"

    def plan(self, ran_seconds: float) -> str:
        """Schedule the restart, with back-off by the number of failed starts. Returns a sentence for the user."""
        self._failures = 0 if ran_seconds >= STEADY_SECONDS else self._failures
        delay = min(BACKOFF_MAX_SECONDS, BACKOFF_SECONDS * 2 ** min(self._failures, 10))
        self._failures += 1
        self._due = time.monotonic() + delay
        return f"It is started again in {delay:g} s."

    def rotate_log(self) -> None:
        """Rotate its log if it is too long."""
        if self._log is not None:
            with suppress(OSError):  # It is retried later; a log must not end `pulse up`.
                self._log.rotate()

    def kill_what_hangs(self) -> list[int]:
        """Kill its processes whose heartbeat has stopped. Returns their ids; the program replaces them."""
        if self._heartbeats is None or self._process is None:
            return []
        hanging = [pid for pid in self._heartbeats.hanging() if _group_of(pid) == self._process.pid]
        for pid in hanging:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return hanging

    def terminate(self) -> None:
        """Ask it to end for good. After `grace_seconds`, `is_ending` kills the processes that are left."""
        self._due = None
        self._kill_at = time.monotonic() + self.program.grace_seconds
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)

    def is_ending(self) -> bool:
        """Whether it still runs after `terminate`. Once `grace_seconds` are over, this kills it and returns False."""
        if self._process is not None and (self.has_ended() or time.monotonic() >= self._kill_at):
            self._bury()
        return self._process is not None

    def _bury(self) -> int:
        """Kill what is left of its process group, reap it, and return its exit status."""
        process, self._process = self._process, None
        assert process is not None  # noqa: S101 - only what was started ends
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
        with suppress(ChildProcessError):  # As process 1 of a container, `pulse up` inherits its orphans too.
            while True:
                os.waitpid(-process.pid, 0)
        return status

    def _last_words(self) -> str:
        line = self._log.last_line() if self._log else ""
        return f"{line.rstrip('.')}. Its log: {self._log_path}."


def _group_of(pid: int) -> int:
    """The process group of a process, or 0 if there is no such process: the file is left from an earlier run."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _words(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit code {status}"


def _append_to(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
