from __future__ import annotations

import socket

import pytest

from pulse_analytics.up.exclusive import check_ports, free_port, is_free
from pulse_analytics.up.program import StartError


def test_the_preferred_port_is_chosen_if_it_is_free_and_not_excluded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert free_port(port, avoid=()) != port
    assert free_port(port, avoid=()) == port
    assert free_port(port, avoid=(port,)) != port
    assert free_port(None, avoid=()) > 0


def test_a_port_with_connections_in_time_wait_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        server.accept()[0].close()  # The side that closes first stays in TIME_WAIT.
        client.close()
    assert is_free(port)


def test_two_settings_with_the_same_port_are_refused() -> None:
    with pytest.raises(StartError, match="PULSE_PORT and PULSE_FLOWER_PORT must be different"):
        check_ports({"PULSE_PORT": 8000, "PULSE_FLOWER_PORT": 8000})
