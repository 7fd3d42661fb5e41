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

    Its output is appended to `directory`/`name`.log. Like a container it is ended as a whole: after `stop`, `kill` and
    `remove` nothing that it started lives; nor does anything soon after the test run itself was killed. Only what had
    left its session when the first process died alone (`kill_main`) is out of reach.
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
        """What `docker inspect` would say, as far as anybody asks. No port is mapped: it is on loopback already."""
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
        """The first process, which leads the group and the session. Raises RuntimeError if it was never started."""
        return self._started().pid

    @property
    def status(self) -> str:
        """`created`, `running`, `paused` or `exited`, of the first process and as of now."""
        if self._process is None:
            return "created"
        # Not Popen.poll: it would reap the process and so free its number, which `end` must still be able to trust.
        letter = "X" if self._process.returncode is not None else reaper.state(self._process.pid)
        return {"T": "paused", "Z": "exited", "X": "exited"}.get(letter, "running")

    def reload(self) -> None:
        """Do nothing: what this object says is never stale."""

    def start(self) -> None:
        """Start it, unless it lives. `logs` begins anew. Raises OSError if it cannot start."""
        if self.status in {"running", "paused"}:
            return
        self._end()
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab", buffering=0) as output:
            self._log_start = output.tell()
            self._process = self._spawn(output.fileno())
        reaper.keep_process(self._process.pid, self._death_signal)

    def stop(self, timeout: float = 10) -> None:
        """Ask the first process to stop; when it did, or after `timeout` seconds, SIGKILL whatever is left."""
        if self.status not in {"running", "paused"}:
            self._end()
            return
        known = reaper.members(self.pid)
        self.kill_main(self._stop_signal)
        self.unpause()
        deadline = time.monotonic() + timeout
        while self.status != "exited" and time.monotonic() < deadline:
            # What has a session of its own can be told to belong here only while its parent lives.
            known |= reaper.members(self.pid)
            time.sleep(_POLL_SECONDS)
        self._end(known)

    def restart(self, timeout: float = 10) -> None:
        """Stop, then start."""
        self.stop(timeout)
        self.start()

    def kill(self, signal: str | int | None = None) -> None:
        """Send `signal`, SIGKILL by default, as Docker would.

        SIGKILL ends the whole, and it is gone when this returns. SIGSTOP and SIGCONT pause and unpause the whole. Any
        other signal goes to the first process only.
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
        """Send `signal`, SIGKILL by default, to the first process only, as the kernel's OOM killer would."""
        if self.status not in {"running", "paused"}:
            return
        number = _signal_number(signal)
        reaper.send({self.pid}, number)
        while number == Signals.SIGKILL and self.status != "exited":
            time.sleep(_POLL_SECONDS)

    def pause(self) -> None:
        """Freeze the first process and all that it started; frozen when this returns."""
        while self.status in {"running", "paused"}:
            # Again, because what was started meanwhile goes on.
            moving = [pid for pid in reaper.members(self.pid) if reaper.state(pid) not in "TZX"]
            if not moving:
                return
            reaper.send(moving, Signals.SIGSTOP)
            time.sleep(_POLL_SECONDS)

    def unpause(self) -> None:
        """Let it go on."""
        self._send_to_all(Signals.SIGCONT)
        while self.status == "paused":
            time.sleep(_POLL_SECONDS)

    def remove(self, **_: object) -> None:
        """End all of it. The log stays."""
        self._end()

    def logs(self) -> bytes:
        """The output since the last start; `log_file` has that of all starts."""
        if not self.log_file.exists():
            return b""
        with self.log_file.open("rb") as file:
            file.seek(self._log_start)
            return file.read()

    def exec_run(self, cmd: str | Sequence[str], **_: object) -> ExecResult:
        """Run `cmd` to its end in the same environment and folder; its exit code and output."""
        words = shlex.split(cmd) if isinstance(cmd, str) else list(cmd)
        done = subprocess.run(
            words, env=self._env, cwd=self._cwd, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        return ExecResult(done.returncode, done.stdout)

    def _spawn(self, output: int) -> subprocess.Popen[bytes]:
        def start() -> subprocess.Popen[bytes]:
            return spawn(self._command, env=self._env, cwd=self._cwd, output=output, user=self._user)

        # The child gets SIGTERM when the thread that spawned it ends; a test's own thread may well end before.
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
    """Stop it by SIGSTOP, for a while."""
    process.pause()
    try:
        yield
    finally:
        process.unpause()
