"""Private names of libraries that no other test covers: these tests fail when an upgrade renames one."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import coverage.patch
import kombu
import psycopg
from kombu.transport import redis, virtual
from psycopg.errors import OperationalError, _WaitTimeout
from pytest_celery import CeleryTestContainer
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from pulse_analytics import queueing
from pulse_analytics.app import create_app
from pulse_analytics.config import Settings
from pulse_analytics.web.protocol import _Cycle

if TYPE_CHECKING:
    from pathlib import Path


def test_redis_urls_use_our_transport_and_its_channel(tmp_path: Path) -> None:
    create_app(Settings.parse({}, tmp_path))
    for url in ("redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0"):
        transport = kombu.Connection(url).get_transport_cls()
        assert transport is queueing.Transport
        assert transport.Channel is queueing.Channel
    sentinels = kombu.Connection("sentinel://127.0.0.1:1/0").get_transport_cls()
    assert sentinels is queueing.SentinelTransport
    assert sentinels.Channel is queueing.SentinelChannel


def test_kombu_still_has_the_switches_that_our_channel_turns_off() -> None:
    assert redis.Channel.ack_emulation is True
    assert redis.Channel.do_restore is True
    assert "do_restore" in inspect.getsource(virtual.base.QoS.restore_unacked_once)
    assert "ack_emulation" in inspect.getsource(redis.Channel.__init__)


def test_psycopg_still_raises_its_wait_timeout_from_wait() -> None:
    assert issubclass(_WaitTimeout, OperationalError)
    assert "timeout" in inspect.signature(psycopg.Connection.wait).parameters


def test_pytest_celery_still_waits_by_the_method_that_our_containers_replace() -> None:
    assert "_wait_ready" in inspect.getsource(CeleryTestContainer.ready)


def test_coverage_still_hands_its_configuration_to_subprocesses_by_this_variable() -> None:
    assert "COVERAGE_PROCESS_CONFIG" in inspect.getsource(coverage.patch)


def test_uvicorn_still_has_the_attributes_that_our_protocol_reads() -> None:
    kept = inspect.getsource(HttpToolsProtocol.__init__)
    names = "loop parser timeout_keep_alive transport flow pipeline headers cycle scope app root_path access_log scheme"
    for name in (*names.split(), "expect_100_continue", "server_state"):
        assert f"self.{name} = " in kept or f"self.{name}: " in kept
    assert {"default_headers", "total_requests"} <= set(vars(ServerState()))
    # What uvicorn's protocol uses of a cycle; web/protocol.py has a cycle of its own.
    used = re.findall(r"(?:self\.|existing_)cycle\.(\w+)", inspect.getsource(HttpToolsProtocol))
    assert set(used) - {"body"} == {name for name in dir(_Cycle) if not name.startswith("__")}
    assert "self.url += url" in inspect.getsource(HttpToolsProtocol.on_url)
    assert "self.headers.append" in inspect.getsource(HttpToolsProtocol.on_header)
    cycle = inspect.getsource(RequestResponseCycle.__init__)
    assert "self.more_body = True" in cycle
    assert "self.response_complete = False" in cycle
    assert "self.transport = transport" in cycle
    # The methods that our _Outlet has.
    used = re.findall(r"self\.transport\.(\w+)", inspect.getsource(RequestResponseCycle))
    assert set(used) == {"write", "close", "is_closing"}
    assert "self.write_paused = False" in inspect.getsource(FlowControl.__init__)


def test_uvicorn_still_calls_what_our_protocol_replaces() -> None:
    assert "self.send_400_response(" in inspect.getsource(HttpToolsProtocol.data_received)
    assert "on_response=self.on_response_complete" in inspect.getsource(HttpToolsProtocol.on_headers_complete)
    assert "self.on_response()" in inspect.getsource(RequestResponseCycle.send)
    for name in ("connection_made", "connection_lost", "pause_writing"):
        assert name in vars(HttpToolsProtocol)
    for name in ("on_message_begin", "on_headers_complete", "on_body", "on_message_complete"):
        assert name in vars(HttpToolsProtocol)
