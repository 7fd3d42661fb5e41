"""A thread keeps its connection to Redis, and never takes another command's answer for its own."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import uvloop
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from pulse_analytics.config import CONNECTION_TRUST_SECONDS
from pulse_analytics.ingest.journal.connection import (
    LoopConnection,
    ThreadConnection,
    connect_redis,
    connect_redis_on_loop,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis

    from pulse_analytics.config import Settings
    from tests.servers.valkey import ValkeyContainer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NUMBER = ("CLIENT", "ID")


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with connect_redis(replace(settings, redis_timeout_seconds=0.2)) as redis:
        yield redis


@pytest.fixture
def connection(redis: Redis) -> ThreadConnection:
    return ThreadConnection(redis)


def test_a_thread_keeps_its_connection_and_shares_it_with_no_other_thread(connection: ThreadConnection) -> None:
    numbers: list[int] = []
    threads = [threading.Thread(target=lambda: numbers.extend(connection.ask(NUMBER, NUMBER))) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()
    mine = [connection.ask(NUMBER) for _ in range(2)]
    assert mine[0] == mine[1]
    assert len({*numbers, *mine[0]}) == 3


def test_an_error_among_several_answers_does_not_shift_the_others(connection: ThreadConnection) -> None:
    with pytest.raises(ResponseError, match="unknown command"):
        connection.ask(("NO-SUCH",), ("ECHO", "second"))
    assert connection.ask(("ECHO", "third"), ("ECHO", "fourth")) == ["third", "fourth"]


def test_a_late_answer_is_never_taken_for_that_of_the_next_command(
    connection: ThreadConnection, own_valkey: ValkeyContainer
) -> None:
    connection.ask(("ECHO", "before"))
    own_valkey.process.pause()
    with pytest.raises(RedisError, match="Timeout"):
        connection.ask(("ECHO", "late"))
    own_valkey.process.unpause()
    assert connection.ask(("ECHO", "after")) == ["after"]


def test_a_connection_that_redis_closed_is_reopened(connection: ThreadConnection, redis: Redis) -> None:
    [number] = connection.ask(NUMBER)
    assert redis.client_kill_filter(_id=str(number)) == 1
    time.sleep(CONNECTION_TRUST_SECONDS * 1.5)
    [another] = connection.ask(NUMBER)
    assert another != number


# Python 3.12 and newer warn of a fork beside threads, such as pytest-xdist's; this child uses none of theirs.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_on_an_event_loop_a_connection_lost_during_a_command_raises_a_redis_error(settings: Settings) -> None:
    async def lose_one() -> list[str]:
        redis = connect_redis_on_loop(settings)
        connection = LoopConnection(redis)
        await connection.ask(NUMBER)
        # As if Redis had hung up right after the last look: uvloop then raises an error of its own.
        connection._connection._writer.transport.abort()
        await asyncio.sleep(0)
        with pytest.raises(RedisConnectionError):
            await connection.ask(NUMBER)
        answers = await connection.ask(("ECHO", "after"))
        await connection.close()
        await redis.aclose()
        return answers

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(uvloop.run, lose_one()).result() == ["after"]


def test_a_child_process_does_not_use_its_parents_connection(connection: ThreadConnection) -> None:
    [number] = connection.ask(NUMBER)
    read, write = os.pipe()
    if not (child := os.fork()):
        os.write(write, str(connection.ask(NUMBER)[0]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(read, 20)) != number
    assert connection.ask(NUMBER) == [number]
    os.close(read)
    os.close(write)
