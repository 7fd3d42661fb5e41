"""A local command that can be handled like a Docker container, so that pytest-celery needs no Docker."""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from signal import Signals
from typing import TYPE_CHECKING, NamedTuple

from pulse_analytics.up.process import spawn
from tests.servers import reaper

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

_POLL_SECONDS = 0.02


class ExecResult(NamedTuple):
    exit_code: int
    output: bytes


class LocalProcess:
    """`command`, with those methods and attributes of a Docker container that pytest-celery uses.

    Its output is appended to `directory`/`name`.log. Like a container it ends as a whole: after `stop`, `kill` and
    `remove` none of its descendants is alive, and soon after the test run was killed none is either. There is one
    exception: after `kill_main`, descendants that had left the session are out of reach.
    """

    def __init__(
        self,
        command: Sequence[str],
        directory: Path,
        *,
        name: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: int | None = None,
        stop_signal: Signals = Signals.SIGTERM,
        death_signal: Signals = Signals.SIGKILL,
        container_id: str | None = None,
    ) -> None:
        self.id = container_id or secrets.token_hex(32)
        self.name = name
        self.log_file = directory / f"{name}.log"
        self._command = list(command)
        self._env = dict(os.environ if env is None else env)
        self._cwd = cwd
        self._user = user
        self._stop_signal = stop_signal
        self._death_signal = death_signal
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def attrs(self) -> dict[str, dict[str, object]]:
        """The part of `docker inspect` that is used. No port is mapped, because it is on loopback already."""
        return {
            "Config": {
                "Cmd": self._command,
                "Env": [f"{name}={value}" for name, value in self._env.items()],
                "Hostname": self.id[:12],
                "Labels": {},
                "StopSignal": self._stop_signal.name,
            },
            "HostConfig": {"PortBindings": {}},
            "NetworkSettings": {"Networks": {"loopback": {"IPAddress": "127.0.0.1"}}, "Ports": {}},
        }

    @property
    def pid(self) -> int:
        """The main process, which leads the group and the session. Raises RuntimeError if it was never started."""
        return self._started().pid

    @property
    def status(self) -> str:
        """The current status of the main process: `created`, `running`, `paused` or `exited`."""
        if self._process is None:
            return "created"
        # Not Popen.poll: it would reap the process and so free its id, which `end` relies on.
        letter = "X" if self._process.returncode is not None else reaper.state(self._process.pid)
        return {"T": "paused", "Z": "exited", "X": "exited"}.get(letter, "running")

    def reload(self) -> None:
        """Do nothing: this object is never stale."""

    def start(self) -> None:
        """Start it unless it is alive. `logs` starts empty. Raises OSError if it cannot start."""
        if self.status in {"running", "paused"}:
            return
        self._end()
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab", buffering=0) as output:
            self._log_start = output.tell()
            self._process = self._spawn(output.fileno())
        reaper.keep_process(self._process.pid, self._death_signal)

    def stop(self, timeout: float = 10) -> None:
        """Ask the main process to stop; when it has ended, or after `timeout` seconds, SIGKILL whatever is left."""
        if self.status not in {"running", "paused"}:
            self._end()
            return
        known = reaper.members(self.pid)
        self.kill_main(self._stop_signal)
        self.unpause()
        deadline = time.monotonic() + timeout
        while self.status != "exited" and time.monotonic() < deadline:
            # A descendant in another session can be recognized only while its parent is alive.
            known |= reaper.members(self.pid)
            time.sleep(_POLL_SECONDS)
        self._end(known)

    def restart(self, timeout: float = 10) -> None:
        """Stop, then start."""
        self.stop(timeout)
        self.start()

    def kill(self, signal: str | int | None = None) -> None:
        """Send `signal`, SIGKILL by default, as Docker would.

        SIGKILL ends all processes before this returns. SIGSTOP and SIGCONT pause and unpause all. Any other signal goes
        to the main process only.
        """
        match _signal_number(signal):
            case Signals.SIGKILL:
                self._end()
            case Signals.SIGSTOP:
                self.pause()
            case Signals.SIGCONT:
                self.unpause()
            case number:
                self.kill_main(number)

    def kill_main(self, signal: str | int | None = None) -> None:
        """Send `signal`, SIGKILL by default, to the main process only, as the kernel's OOM killer would."""
        if self.status not in {"running", "paused"}:
            return
        number = _signal_number(signal)
        reaper.send({self.pid}, number)
        while number == Signals.SIGKILL and self.status != "exited":
            time.sleep(_POLL_SECONDS)

    def pause(self) -> None:
        """Freeze the main process and all its descendants before this returns."""
        while self.status in {"running", "paused"}:
            # Repeat, because processes started in the meantime still run.
            moving = [pid for pid in reaper.members(self.pid) if reaper.state(pid) not in "TZX"]
            if not moving:
                return
            reaper.send(moving, Signals.SIGSTOP)
            time.sleep(_POLL_SECONDS)

    def unpause(self) -> None:
        """Resume all processes."""
        self._send_to_all(Signals.SIGCONT)
        while self.status == "paused":
            time.sleep(_POLL_SECONDS)

    def remove(self, **_: object) -> None:
        """End all processes. The log stays."""
        self._end()

    def logs(self) -> bytes:
        """The output since the last start; `log_file` holds that of all starts."""
        if not self.log_file.exists():
            return b""
        with self.log_file.open("rb") as file:
            file.seek(self._log_start)
            return file.read()

    def exec_run(self, cmd: str | Sequence[str], **_: object) -> ExecResult:
        """Run `cmd` to its end in the same environment and folder. Returns its exit code and output."""
        words = shlex.split(cmd) if isinstance(cmd, str) else list(cmd)
        done = subprocess.run(
            words, env=self._env, cwd=self._cwd, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        return ExecResult(done.returncode, done.stdout)

    def _spawn(self, output: int) -> subprocess.Popen[bytes]:
        def start() -> subprocess.Popen[bytes]:
            return spawn(self._command, env=self._env, cwd=self._cwd, output=output, user=self._user)

        # The child gets SIGTERM when the thread that spawned it ends, and a test's thread may end before the test.
        return start() if threading.current_thread() is threading.main_thread() else _starter.submit(start).result()

    def _send_to_all(self, number: int) -> None:
        if self.status in {"running", "paused"}:
            reaper.send(reaper.members(self.pid), number)

    def _end(self, known: Collection[int] = ()) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        reaper.end(self._process.pid, known)
        reaper.drop_process(self._process.pid)
        self._process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started.")
        return self._process


_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tests.servers")


def _signal_number(name: str | int | None) -> int:
    if name is None:
        return Signals.SIGKILL
    if isinstance(name, int):
        return name
    return Signals[name if name.startswith("SIG") else f"SIG{name}"]


@contextmanager
def frozen(process: LocalProcess) -> Iterator[None]:
    """Freeze the process with SIGSTOP while this context lasts."""
    process.pause()
    try:
        yield
    finally:
        process.unpause()
