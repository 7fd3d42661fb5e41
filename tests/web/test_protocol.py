"""A real uvicorn with our protocol: slow or broken clients are disconnected in time, and honest ones notice nothing."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pulse_analytics.config import CLOSING_SECONDS
from tests.facts import wait_until
from tests.servers.kernel import clients_of, cpu_seconds
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.web.secured import lacking_in
from tests.web.tiny_app import BODY_SECONDS, PAGE, READING_SECONDS, REQUEST_SECONDS, SLOW_SECONDS, STREAM_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

HOST = b"Host: a\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
KEEP_ALIVE_SECONDS = 1
SLACK_SECONDS = 2
"""What a busy machine may add to a deadline."""
CROWD = 60
ROOT = Path(__file__).parents[2]


class Ended(NamedTuple):
    """What the server sent on a connection, and after how many seconds it was closed."""

    data: bytes
    seconds: float

    @property
    def status(self) -> int:
        """The status of the first answer; 0 if there is none."""
        return int(self.data[9:12] or 0)


class TinyServer:
    """A uvicorn that runs tests/web/tiny_app.py."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        options = "--loop uvloop --http tests.web.tiny_app:QuickProtocol --ws none --lifespan off --no-proxy-headers"
        command = [sys.executable, "-m", "uvicorn", "tests.web.tiny_app:app", *options.split()]
        command += ["--port", str(self.port), "--timeout-keep-alive", str(KEEP_ALIVE_SECONDS)]
        # Ended by SIGINT it writes down what it covered; it ends itself by SIGTERM.
        self.process = LocalProcess(command, directory, name="tiny", cwd=ROOT, stop_signal=SIGINT)

    def connect(self, data: bytes = b"", receive_bytes: int | None = None) -> socket.socket:
        """A connection that has sent `data`, or as much of it as the server accepted."""
        connection = socket.socket()
        connection.settimeout(REQUEST_SECONDS + SLOW_SECONDS + 2 * SLACK_SECONDS)
        if receive_bytes is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.connect(("127.0.0.1", self.port))
        with contextlib.suppress(OSError):  # Refused while it is sent.
            connection.sendall(data)
        return connection

    def ask(self, data: bytes) -> Ended:
        """Send `data`, and read until the server closes."""
        return until_closed(self.connect(data))

    def is_well(self) -> bool:
        """Whether an honest request is answered within a second."""
        began = time.monotonic()
        answer = self.ask(b"GET /honest HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
        return answer.data.endswith(b"GET /honest 0;") and time.monotonic() - began < 1

    def holds(self, connection: socket.socket) -> bool:
        """Whether the server's end of the connection is open, according to the kernel, without reading from it."""
        return connection.getsockname()[1] in clients_of(self.port)

    def cpu_seconds(self) -> float:
        """The CPU time that its process has used."""
        return cpu_seconds([self.process.pid])


def until_closed(connection: socket.socket) -> Ended:
    """What the server sends until it closes the connection. Raises TimeoutError if it does not."""
    began, data = time.monotonic(), bytearray()
    with connection, contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            data += piece
    return Ended(bytes(data), time.monotonic() - began)


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """What the server sends up to `end`, with whatever arrives together with that."""
    data = b""
    while end not in data:
        piece = connection.recv(65_536)
        assert piece, data
        data += piece
    return data


def read_bytes(connection: socket.socket, size: int) -> None:
    """Read `number` bytes."""
    while size > 0:
        piece = connection.recv(size)
        assert piece, "The server ended the answer."
        size -= len(piece)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyServer]:
    """A running server, which must use no CPU once all tests are over."""
    server = TinyServer(tmp_path_factory.mktemp("tiny"))
    server.process.start()
    try:
        wait_until(lambda: b"running on" in server.process.logs(), 30)
        yield server
        assert server.is_well()
        time.sleep(KEEP_ALIVE_SECONDS)
        used = server.cpu_seconds()
        time.sleep(1)
        assert server.cpu_seconds() - used < 0.05
    finally:
        server.process.stop()


@pytest.mark.parametrize(
    ("sent", "seconds", "status"),
    [
        pytest.param(b"", REQUEST_SECONDS, 0, id="nothing"),
        pytest.param(b"\r\n", REQUEST_SECONDS, 0, id="a blank line"),
        pytest.param(b"GET / HT", REQUEST_SECONDS, 0, id="half a request line"),
        pytest.param(GET + b"X: ", REQUEST_SECONDS, 0, id="half a head"),
        pytest.param(POST + b"Content-Length: 9\r\n\r\nhalf", BODY_SECONDS, 408, id="half a body"),
        pytest.param(CHUNKED + b"5\r\nab", BODY_SECONDS, 408, id="half a chunk"),
        pytest.param(GET + b"\r\n", KEEP_ALIVE_SECONDS, 200, id="nothing after an answer"),
        pytest.param(GET + b"\r\n\r\n\r\n", KEEP_ALIVE_SECONDS, 200, id="blank lines after an answer"),
        pytest.param(GET + b"\r\nGET /", REQUEST_SECONDS, 200, id="half a head after an answer"),
    ],
)
def test_a_crowd_of_slow_clients_is_disconnected_in_time(
    server: TinyServer, sent: bytes, seconds: float, status: int
) -> None:
    connections = [server.connect(sent) for _ in range(CROWD)]
    began = time.monotonic()
    assert server.is_well()
    answers = [until_closed(connection) for connection in connections]
    assert 0.5 * seconds < time.monotonic() - began < seconds + SLACK_SECONDS
    assert {answer.status for answer in answers} == {status}


@pytest.mark.parametrize(
    ("first", "drip", "seconds"),
    [
        pytest.param(b"GET / HTTP/1.1\r\n", b"X: y\r\n", REQUEST_SECONDS, id="a head"),
        pytest.param(POST + b"Content-Length: 999\r\n\r\n", b"x", BODY_SECONDS, id="a body"),
        pytest.param(GET + b"\r\n", b"\r\n", KEEP_ALIVE_SECONDS, id="blank lines after an answer"),
    ],
)
def test_bytes_that_arrive_slowly_do_not_extend_a_deadline(
    server: TinyServer, first: bytes, drip: bytes, seconds: float
) -> None:
    began = time.monotonic()
    with server.connect(first) as connection, contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while time.monotonic() - began < 2 * seconds + SLACK_SECONDS:
            connection.sendall(drip)
            time.sleep(0.1)
    assert 0.5 * seconds < time.monotonic() - began < seconds + SLACK_SECONDS


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(GET + b"X: " + b"x" * 400_000 + b"\r\n\r\n", 431, id="400 kB of headers"),
        pytest.param(GET + b"X: " + b"x" * 33_000 + b"\r\n\r\n", 431, id="33 kB of headers"),
        pytest.param(GET + b"X: " + b"x" * 20_000_000, 431, id="a head without end"),
        pytest.param(GET + b"x: y\r\n" * 5000 + b"\r\n", 431, id="5,000 fields"),
        pytest.param(GET + b"x: y\r\n" * 100 + b"\r\n", 431, id="101 fields"),
        pytest.param(b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431, id="a path of 40 kB"),
        pytest.param(b"\r\n" * 1_000_000, 431, id="blank lines without end"),
        pytest.param(CHUNKED + b"0\r\nX: " + b"x" * 5_000_000, 431, id="a trailer without end"),
        pytest.param(CHUNKED + b"3;x=" + b"x" * 5_000_000, 431, id="a chunk extension without end"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no Host"),
        pytest.param(GET + HOST + b"\r\n", 400, id="two Hosts"),
        pytest.param(b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n", 400, id="two Hosts in HTTP/1.0"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="an HTTP/2 preface"),
        pytest.param(b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400, id="CONNECT"),
        pytest.param(b"CONNECT /x HTTP/1.1\r\n" + HOST + b"\r\n" + GET + b"\r\n", 400, id="CONNECT to a path"),
        pytest.param("GET /é HTTP/1.1\r\n".encode() + HOST + b"\r\n", 400, id="raw UTF-8"),
        pytest.param(POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, id="two lengths"),
        pytest.param(
            POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
            400,
            id="a body with an upgrade",
        ),
    ],
)
def test_a_head_that_is_refused_is_answered_and_closed_at_once(server: TinyServer, sent: bytes, status: int) -> None:
    answer = server.ask(sent)
    assert answer.status == status
    assert b"\r\nconnection: close\r\n" in answer.data
    assert lacking_in(answer.data) == []
    assert answer.seconds < SLACK_SECONDS
    assert server.is_well()


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        pytest.param(GET + b"X: " + b"x" * 32_000 + b"\r\n\r\n", b"GET / 0;", id="32 kB of headers"),
        pytest.param(GET + b"x: y\r\n" * 99 + b"\r\n", b"GET / 0;", id="100 fields"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", b"GET / 0;", id="HTTP/1.0 without Host"),
        pytest.param(b"\r\n\r\n" + GET + b"\r\n", b"GET / 0;", id="blank lines before"),
        pytest.param(b"GET http://b/x HTTP/1.1\r\n" + HOST + b"\r\n", b"GET /x 0;", id="a whole URL"),
        pytest.param(CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"POST / 5;", id="chunks"),
        pytest.param(CHUNKED + b"1\r\nx\r\n" * 9000 + b"0\r\n\r\n", b"POST / 9000;", id="9,000 chunks"),
        pytest.param(
            CHUNKED + b"1\r\nx\r\n0\r\nX-Trailer: !\r\n\r\n", b"POST / 1;", id="a trailer, which is no header"
        ),
        pytest.param(POST + b"Content-Length: 900000\r\n\r\n" + bytes(900_000), b"POST / 900000;", id="900 kB"),
        pytest.param(
            GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", b"GET / 0;", id="an upgrade that is ignored"
        ),
    ],
)
def test_an_unusual_request_is_answered(server: TinyServer, sent: bytes, answer: bytes) -> None:
    with server.connect(sent) as connection:
        said = read_until(connection, b";")
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert said.endswith(b"\r\n" + answer)


def test_pipelined_requests_are_answered_in_order(server: TinyServer) -> None:
    bodies = (POST + b"Content-Length: 300000\r\n\r\n" + bytes(300_000)) * 2
    gets = b"".join(b"GET /%d HTTP/1.1\r\n" % number + HOST + b"\r\n" for number in range(5))
    answers = server.ask(gets + bodies + gets).data.split(b"HTTP/1.1 200 OK")[1:]
    said = [answer.rpartition(b"\r\n")[2] for answer in answers]
    some = [b"GET /%d 0;" % number for number in range(5)]
    assert said == [*some, b"POST / 300000;", b"POST / 300000;", *some]


def test_a_client_that_expects_100_continue_receives_it(server: TinyServer) -> None:
    with server.connect(POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n") as connection:
        read_until(connection, b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"abc")
        read_until(connection, b"POST / 3;")


def test_a_client_that_sends_too_large_a_body_gets_the_answer_and_no_reset(server: TinyServer) -> None:
    for _ in range(20):
        with server.connect() as connection:
            connection.sendall(POST + b"Content-Length: 4000000\r\n\r\n" + bytes(4_000_000))
            answer = read_until(connection, b";")
            assert b"\r\nconnection: close\r\n" in answer
            assert connection.recv(1) == b""


def test_a_body_without_end_is_not_read_forever(server: TinyServer) -> None:
    began = time.monotonic()
    with server.connect(POST + b"Content-Length: 9999999999\r\n\r\n") as connection, contextlib.suppress(OSError):
        while time.monotonic() - began < 2 * CLOSING_SECONDS + SLACK_SECONDS:
            connection.sendall(bytes(100_000))
            time.sleep(0.01)
    assert time.monotonic() - began < CLOSING_SECONDS + SLACK_SECONDS
    assert server.is_well()


def test_after_a_client_disconnects_in_mid_body_only_one_error_is_logged(server: TinyServer) -> None:
    before = server.process.logs().count(b"ArithmeticError")
    with server.connect(b"POST /breaks-late HTTP/1.1\r\n" + HOST + b"Content-Length: 4000000\r\n\r\n") as connection:
        connection.sendall(bytes(1_100_000))
        read_until(connection, b"beginning")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # Closing it is a reset.
    wait_until(lambda: server.process.logs().count(b"ArithmeticError") > before)
    time.sleep(0.2)
    assert b"handler is closed" not in server.process.logs()


def test_an_answer_that_takes_long_to_make_is_delivered(server: TinyServer) -> None:
    slow = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"
    assert server.ask(slow + b"GET /half").data.endswith(b"GET /slow 0;")
    late = server.connect(slow + POST + b"Content-Length: 3\r\n\r\na")
    read_until(late, b"GET /slow 0;")
    late.sendall(b"bc")
    assert until_closed(late).data.endswith(b"POST / 3;")


def test_garbage_after_an_unanswered_request_closes_the_connection(server: TinyServer) -> None:
    ended = server.ask(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\nGARBAGE\r\n\r\n")
    assert (ended.data, ended.seconds < SLOW_SECONDS) == (b"", True)


def test_an_error_in_mid_answer_closes_without_the_last_chunk(server: TinyServer) -> None:
    ended = server.ask(b"GET /broken HTTP/1.1\r\n" + HOST + b"\r\n")
    assert ended.data.endswith(b"9\r\nbeginning\r\n")
    wait_until(lambda: b"ArithmeticError" in server.process.logs())


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET /stream HTTP/1.1\r\n" + HOST + b"\r\n", id="a stream"),
        pytest.param(b"GET /page HTTP/1.1\r\n" + HOST + b"\r\n", id="a page"),
        pytest.param(b"GET /page HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n", id="a page that closes"),
        pytest.param((b"GET /page HTTP/1.1\r\n" + HOST + b"\r\n") * 9, id="nine pages"),
    ],
)
def test_clients_that_stop_reading_are_disconnected_in_time(server: TinyServer, sent: bytes) -> None:
    connections = [server.connect(sent, receive_bytes=4096) for _ in range(CROWD)]
    began = time.monotonic()
    assert server.is_well()
    wait_until(lambda: not any(server.holds(connection) for connection in connections), READING_SECONDS + SLACK_SECONDS)
    assert time.monotonic() - began < READING_SECONDS + SLACK_SECONDS
    for connection in connections:
        connection.close()


def test_a_client_that_reads_slowly_receives_the_whole_answer(server: TinyServer) -> None:
    with server.connect(b"GET /stream HTTP/1.0\r\n\r\n", receive_bytes=65_536) as connection:
        began, received = time.monotonic(), 0
        while piece := connection.recv(200_000):
            received += len(piece)
            time.sleep(0.01)
    assert received > STREAM_BYTES
    assert time.monotonic() - began > READING_SECONDS


def test_a_client_that_keeps_reading_slowly_is_not_disconnected(server: TinyServer) -> None:
    with server.connect(b"GET /stream HTTP/1.1\r\n" + HOST + b"\r\n", receive_bytes=4096) as connection:
        for _ in range(60):
            read_bytes(connection, 6000)
            time.sleep(0.1)
        assert server.holds(connection)


def test_an_answer_that_fits_in_the_buffers_may_be_read_late(server: TinyServer) -> None:
    with server.connect(b"GET /page HTTP/1.1\r\n" + HOST + b"\r\n") as connection:
        time.sleep(0.5)
        assert read_until(connection, PAGE)
