"""A client that is not the bottleneck: many keep-alive connections, one request in flight on each, built beforehand.

One process and one thread on epoll, which parses no more of an answer than its end and its status. It speaks HTTP, and
Redis' protocol to call accept.lua without HTTP. It is a partner (partner.py) of the measuring process, which drives it
with `send`.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.figures import percentile
from benchmarks.partner import Partner, serve
from benchmarks.traffic import Reports, accept_command, chunks, post, post_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Load:
    """What to send where: the client's job, passed to it as JSON."""

    port: int
    reports: dict[str, int]
    """The fields of a `traffic.Reports`."""
    batch: int = 1
    connections: int = 16
    per_second: float = 0.0
    """0 means that each connection sends its next request as soon as it has its answer."""
    seconds: float = 0.0
    """If given, sending ends after this time, and requests are built while sending, since most would not be needed."""
    script: str = ""
    """If given, the port is that of Redis, and this is the digest of the loaded script."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a load. Latencies are per request; at a given pace they start when the request was due."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_seconds: float
    """The CPU time of the client itself."""


def send(client: Partner, load: Load) -> Callable[[], Outcome]:
    """Start a client. Returns a function that waits for the outcome and checks that every report was accepted."""
    client.get_ready(asdict(load))
    client.go()

    def wait() -> Outcome:
        outcome = client.finish()
        expected = f"*{1 + load.batch}" if load.script else "202"
        assert set(outcome["statuses"]) == {expected}, outcome["statuses"]
        return Outcome(**{name: outcome[name] for name in Outcome.__annotations__})

    return wait


class Connection:
    """One connection and its request in flight."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answer = b""
        self._since = 0.0

    def send(self, request: bytes, since: float) -> None:
        """Send a request whose latency starts at `since`."""
        self._answer, self._since = b"", since
        self.socket.sendall(request)

    def receive(self, is_whole: Callable[[bytes], bool]) -> tuple[bytes, float] | None:
        """The answer's status and when its request started, or None if the answer is not complete."""
        piece = self.socket.recv(_MOST_BYTES)
        if not piece:
            raise ConnectionError("The server closed the connection.")
        self._answer += piece
        return (self._answer[:12], self._since) if is_whole(self._answer) else None


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Build the requests and connect. Returns a function that sends them."""
    load = Load(**job)
    requests = _requests(load)
    if not load.seconds:
        requests = iter(list(requests))
    connections = [Connection(load.port) for _ in range(load.connections)]
    return lambda: _send(requests, connections, load)


def _requests(load: Load) -> Iterator[bytes]:
    for group in chunks(Reports(**load.reports).events(), load.batch):
        if load.script:
            yield accept_command(group, load.script)
        else:
            yield post(group) if load.batch == 1 else post_batch(group)


def _send(requests: Iterator[bytes], connections: list[Connection], load: Load) -> dict[str, Any]:
    is_whole = _redis_is_whole if load.script else _http_is_whole
    # Use connections in turn: at a slow pace, the server would close one that is idle for long.
    poll, free = select.epoll(), deque(connections)
    by_number = {connection.socket.fileno(): connection for connection in connections}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    latencies: list[float] = []
    statuses: Counter[bytes] = Counter()
    started, used, sent = time.perf_counter(), time.process_time(), 0
    request = next(requests, None)
    while request or len(free) < len(connections):
        while free and request:
            now = time.perf_counter()
            due = started + sent / load.per_second if load.per_second else now
            if due > now:
                break
            free.popleft().send(request, due)
            sent += 1
            is_over = load.seconds and now - started > load.seconds
            request = None if is_over else next(requests, None)
        pause = max(0.0, due - time.perf_counter()) if load.per_second and free and request else -1
        for number, _ in poll.poll(pause):
            if answer := by_number[number].receive(is_whole):
                latencies.append(time.perf_counter() - answer[1])
                statuses[answer[0]] += 1
                free.append(by_number[number])
    seconds, used = time.perf_counter() - started, time.process_time() - used
    poll.close()
    for connection in connections:
        connection.socket.close()
    return {
        "requests": sent,
        "seconds": seconds,
        "p50_ms": percentile(latencies, 50) * 1000,
        "p99_ms": percentile(latencies, 99) * 1000,
        "cpu_seconds": used,
        "statuses": {_status(word): count for word, count in statuses.items()},
    }


def _http_is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = _LENGTH.search(head) if end else None
    return length is not None and len(body) >= int(length[1])


def _redis_is_whole(answer: bytes) -> bool:
    """Whether the answer, a list of numbers or an error, is complete."""
    first, end, rest = answer.partition(b"\r\n")
    return bool(end) and (not first.startswith(b"*") or rest.count(b"\r\n") >= int(first[1:]))


def _status(word: bytes) -> str:
    """`202` from `HTTP/1.1 202`, or Redis' first line."""
    return word.removeprefix(b"HTTP/1.1 ").partition(b"\r\n")[0].decode()


if __name__ == "__main__":
    serve(prepare)
