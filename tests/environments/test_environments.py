"""The table shows which environments hold, which fail, and which were left out."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.environments.__main__ import exit_code, table
from tests.environments.catalogue import Running, part, pongs
from tests.environments.trial import Outcome, try_out
from tests.servers.debian import find_program
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLDS = Outcome("one", "Valkey 9", (1000, 20), (1000, 20), "worker", "closed")


@contextmanager
def without_its_program(folder: Path) -> Iterator[Running]:
    find_program("a-server-that-nobody-has")
    yield from ()


def test_a_missing_program_is_named_with_how_to_get_it(tmp_path: Path) -> None:
    outcome = try_out("two", without_its_program, tmp_path)
    assert exit_code([HOLDS, outcome]) == 0
    *_, holds, left_out = table([HOLDS, outcome]).splitlines()
    assert holds == "| one | Valkey 9 | 1,000 + 20 | 1,000 + 20 | worker | closed | holds |"
    assert "| left out: a-server-that-nobody-has is missing: run bin/debian-programs" in left_out


def test_an_environment_that_fails_makes_the_exit_code_1() -> None:
    assert exit_code([HOLDS, HOLDS._replace(faults=("not all was counted",)), HOLDS]) == 1


@pytest.mark.stack
@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_a_redis_that_loses_acknowledged_writes_is_reported_as_failed(tmp_path: Path) -> None:
    @contextmanager
    def forgetful(folder: Path) -> Iterator[Running]:
        redis = start_valkey(folder / "redis")
        redis.client.config_set("appendonly", "no")
        with PostgresServer() as postgresql:
            url = postgresql.create_database("pulse")
            yield Running([redis.url], [url], postgresql, part("Redis", redis.process, lambda: pongs(redis.url)))
        redis.teardown()

    outcome = try_out("forgetful", forgetful, tmp_path)
    assert "the audit objects" in outcome.faults
