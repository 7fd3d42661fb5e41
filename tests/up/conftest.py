"""A `pulse up` with toy programs, which a test can observe and signal."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., "Run"]

ROOT = Path(__file__).resolve().parents[2]

HEEDING_SIGNALS = ("env", "--default-signal=HUP,INT")
"""Prefix of a command that resets HUP and INT to their defaults, even if `nohup` or a shell's `&` ignores them."""


class Run:
    """One running `pulse up`."""

    def __init__(self, data_dir: Path, stages: list[list[Any]], env: dict[str, str], output: int | None = None) -> None:
        self.data_dir = data_dir
        self._out = data_dir.parent / f"{data_dir.name}.{time.monotonic_ns()}.out"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
        with self._out.open("wb") as file:
            self.process = subprocess.Popen(
                [*HEEDING_SIGNALS, sys.executable, "-m", "tests.up.toy_up", json.dumps(stages)],
                cwd=ROOT,
                env=clean | {"PULSE_DATA_DIR": str(data_dir)} | env,
                stdout=file if output is None else output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """All output so far."""
        return self._out.read_text()

    def wait_for(self, text: str, seconds: float = 15) -> None:
        """Wait until it has printed `text`."""
        eventually(lambda: text in self.output, seconds, lambda: f"{text!r} is not in:\n{self.output}")

    def end(self, number: int = signal.SIGTERM, seconds: float = 10) -> int:
        """Send it a signal and return its exit code. Fails if it does not end within `seconds`."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def log(self, name: str) -> str:
        """The log of one program."""
        path = self.data_dir / "log" / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def pids(self) -> set[int]:
        """Every process that a toy reported as `pid=N`, and Valkey."""
        logs = "".join(self.log(path.stem) for path in (self.data_dir / "log").glob("*.log"))
        return {int(pid) for pid in re.findall(r"pid=(\d+)|^(\d+):[MC] ", logs, re.MULTILINE) for pid in pid if pid}

    def living(self) -> set[int]:
        """Those processes that still run."""
        return {pid for pid in self.pids() if is_alive(pid)}


def is_alive(pid: int) -> bool:
    """Whether the process is alive and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually(condition: Callable[[], object], seconds: float = 10, words: Callable[[], str] = str) -> None:
    """Wait until `condition` holds; fail with `words` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, words()
        time.sleep(0.02)


@pytest.fixture
def ports() -> dict[str, str]:
    """Free ports for web and Flower, as settings."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return {"PULSE_PORT": str(one.getsockname()[1]), "PULSE_FLOWER_PORT": str(other.getsockname()[1])}


@pytest.fixture
def start(tmp_path: Path, ports: dict[str, str]) -> Iterator[Start]:
    """Start a `pulse up` with toy programs; processes that a failing test leaves behind are killed."""
    runs: list[Run] = []

    def start(*stages: list[Any], output: int | None = None, **env: str) -> Run:
        runs.append(Run(tmp_path / "data", list(stages), ports | env, output))
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.wait()
    for pid in {pid for run in runs for pid in run.living()}:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
