"""A program of the stack: its command, its log and its readiness probes."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from pulse_analytics.ingest.journal.connection import connect_redis

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pulse_analytics.config import Settings

PROBE_SECONDS = 1.0
"""Timeout of one readiness probe; a Ctrl-C waits for the probe to end."""
LOG_LIMIT_BYTES = 10 * 1024 * 1024
"""At this size a log is rotated while its program runs. Chosen, not measured."""
LOGS_KEPT = 3
"""Old logs kept per program, besides the current one."""
TAIL_BYTES = 16 * 1024
"""How much of the end of a log is read to show its last lines."""
_COPY_BYTES = 1024 * 1024
"""How much of a log is copied at a time when it is rotated."""


class StartError(Exception):
    """`pulse up` cannot start. The message says in one sentence what to change or where to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run, and how to find out whether it is ready."""

    name: str
    command: Sequence[str]
    missing: Callable[[Log], str | None] = lambda _: None
    """The readiness probe: what is still missing, in words, or None once it is ready."""
    once: bool = False
    """It is ready when it has ended with exit code 0, and is not restarted."""
    patience_seconds: float = 30.0
    """How long it may take to become ready."""
    grace_seconds: float = 6.5
    """How long it may take to end after SIGTERM; then its process group is killed."""
    death_signal: int = signal.SIGTERM
    """The signal it gets if `pulse up` itself is killed."""
    pass_fds: Sequence[int] = ()
    heartbeats: Path | None = None
    """The folder of its processes' heartbeats (heartbeats.py); a process that hangs is killed."""


class Log:
    """The file that holds a program's stdout and stderr; each start appends to it.

    Beyond LOG_LIMIT_BYTES its content is moved to NAME.log.1, that of NAME.log.1 to NAME.log.2, up to LOGS_KEPT.
    """

    def __init__(self, path: Path) -> None:
        """Begin at the end of what earlier starts wrote."""
        self.path = path
        self._start = 0 if self.rotate() or not path.exists() else path.stat().st_size

    def rotate(self) -> bool:
        """Move its content away if it is too long, and return whether it was. Its writer need not know.

        Lines written in the microseconds between copy and truncation are lost. If the copy fails (a full disk), all its
        content is lost: the limit always holds.
        """
        if not self.path.exists() or self.path.stat().st_size <= LOG_LIMIT_BYTES:
            return False
        draft = self._kept("new")
        try:
            _copy(self.path, draft)
        except OSError:
            draft.unlink(missing_ok=True)
        os.truncate(self.path, 0)  # Its writer appends, so the next line is the first.
        self._start = 0
        if draft.exists():
            for number in range(LOGS_KEPT - 1, 0, -1):
                if self._kept(number).exists():
                    self._kept(number).replace(self._kept(number + 1))
            draft.replace(self._kept(1))
        return True

    def _kept(self, name: int | str) -> Path:
        return self.path.with_name(f"{self.path.name}.{name}")

    def tail(self) -> str:
        """The end of what was written since this start."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(self._start, end - TAIL_BYTES))
            return file.read().decode(errors="replace")

    def says(self, text: str) -> bool:
        """Whether `text` was written since this start."""
        if not self.path.exists():
            return False
        with self.path.open("rb") as file:
            file.seek(self._start)
            return text.encode() in file.read()

    def last_line(self) -> str:
        """The line that best explains why the program ended: the last exception, or else the last line."""
        lines = [line.strip() for line in self.tail().splitlines() if line.strip()]
        # Lines after an exception say less: a server's shutdown message, SQLAlchemy's link to its documentation.
        exceptions = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
        return (exceptions or lines or ["it wrote nothing"])[-1]


def _copy(path: Path, to: Path) -> None:
    """Copy a file that may grow during the copy, but at most 2 * LOG_LIMIT_BYTES."""
    with path.open("rb") as source, to.open("wb") as copy:
        while copy.tell() < 2 * LOG_LIMIT_BYTES and (block := source.read(_COPY_BYTES)):
            copy.write(block)


def redis_lacks(settings: Settings) -> str | None:
    """Why the Redis at `settings.redis_url` is not ready, or None if it is."""
    try:
        with connect_redis(replace(settings, redis_timeout_seconds=PROBE_SECONDS)) as client:
            client.ping()
    except (RedisError, OSError, ValueError) as error:
        return f"PING fails: {error}"
    return None


def http_lacks(port: int, path: str) -> str | None:
    """Why `GET path` on this loopback port is not answered with 200, or None if it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        body = answer.read(300).decode(errors="replace").strip()
    except (http.client.HTTPException, OSError) as error:
        return f"GET {path} fails: {error}"
    finally:
        connection.close()
    return None if answer.status == http.HTTPStatus.OK else f"GET {path} answers {answer.status}: {body}"


def port_lacks(port: int) -> str | None:
    """Why this loopback port accepts no connection, or None if it does."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PROBE_SECONDS).close()
    except OSError as error:
        return f"port {port} does not answer: {error}"
    return None
