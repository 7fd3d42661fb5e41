"""The harness's network injects the faults that it promises."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from crash.proxy import Link, Network
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


class Echo:
    """A server that echoes each message, and remembers it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            while data := _receive(connection):
                self.heard.append(data)
                connection.sendall(data)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.close()


@pytest.fixture
def link(echo: Echo) -> Iterator[Link]:
    with Network() as network:
        link = network.link(echo.port)
        yield link
        link.close()


@pytest.fixture
def client(link: Link) -> Iterator[socket.socket]:
    with connect(link) as client:
        assert ask(client, b"hello") == b"hello"
        yield client


def connect(link: Link) -> socket.socket:
    return socket.create_connection(("127.0.0.1", link.port), timeout=5)


def ask(client: socket.socket, message: bytes) -> bytes:
    client.sendall(message)
    return client.recv(100)


def test_cut_resets_open_connections_and_lets_new_ones_in(link: Link, client: socket.socket) -> None:
    link.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    with connect(link) as again:
        assert ask(again, b"new") == b"new"


def test_refuse_rejects_connections_until_healed(link: Link, client: socket.socket) -> None:
    link.refuse()
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    with pytest.raises(ConnectionRefusedError):
        connect(link)
    link.heal()
    with connect(link) as again:
        assert ask(again, b"new") == b"new"


def test_stall_holds_bytes_up_and_loses_none(link: Link, echo: Echo, client: socket.socket) -> None:
    link.stall()
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        ask(client, b"old")
    with connect(link) as other:
        other.sendall(b"new")
        time.sleep(0.1)
        assert echo.heard == [b"hello"]
        link.heal()
        assert (client.recv(100), other.recv(100)) == (b"old", b"new")


def test_stall_at_a_request_cuts_it_off_and_holds_up_what_follows(
    link: Link, echo: Echo, client: socket.socket
) -> None:
    link.stall_at(b"settle")
    assert ask(client, b"first") == b"first"
    with pytest.raises(ConnectionResetError):
        ask(client, b"please settle this")
    with connect(link) as again:
        again.sendall(b"settle again")
        time.sleep(0.1)
        assert echo.heard == [b"hello", b"first"]
        link.heal()
        assert again.recv(100) == b"settle again"


def test_swallow_delivers_the_request_and_drops_the_answer(link: Link, echo: Echo, client: socket.socket) -> None:
    link.swallow(1)
    assert ask(client, b"first") == b"first"
    with pytest.raises(ConnectionResetError):
        ask(client, b"second")
    assert echo.heard == [b"hello", b"first", b"second"]
    with connect(link) as again:
        assert ask(again, b"new") == b"new"


def test_a_server_that_is_down_resets_the_client() -> None:
    with Network() as network:
        link = network.link(free_port())
        with pytest.raises(ConnectionResetError), connect(link) as client:
            ask(client, b"anyone?")
        link.close()


def test_a_client_that_disconnects_closes_the_servers_side(link: Link, echo: Echo, client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)
    assert client.recv(100) == b""


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(100)
    except OSError:
        return b""
