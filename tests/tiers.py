"""What a test needs. Its markers follow from its fixtures; a test that has none of them needs no server.

`make check` runs the tests without any of these markers, so none of them may start a process: in every run, one that
tries to fails, and is told which marker it lacks.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.once import fixtures_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

FIXTURES = {
    "server": {"database_url", "postgres", "own_valkey", "shared_valkey", "valkey"},
    "worker": {"celery_worker_cluster"},
    "browser": {"browser_type", "site"},
    "stack": {"built_site"},
}
"""The fixtures that say of a test that it needs a server (Valkey, PostgreSQL), a Celery worker or Chromium, or that it
starts other processes."""

GROUPS = {
    "library": ("tests/browser/test_packed_library.py",),
    "admin": ("tests/browser/admin/",),
    "browser": ("tests/browser/",),
    "clock": (
        "tests/benchmarks/",
        "tests/crash/",
        "tests/environments/",
        "tests/servers/",
        "tests/up/",
        "tests/test_hangs.py",
    ),
}
"""What one process of pytest-xdist runs one after the other: it uses the browser, or it starts much and times it.

Its own groups (`--dist loadgroup`) need the attribute `_nodeid` of a test, which pytest 9.2 has no more.
"""

_FREE = {"fc-list"}
"""What matplotlib asks for the machine's fonts."""

_serverless: list[str] = []
"""The test that runs now, if it has none of the markers."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what follows from the fixtures."""
    for item in items:
        for tier, fixtures in FIXTURES.items():
            if fixtures & fixtures_of(item):
                item.add_marker(tier)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Watch over the set-up of a test."""
    yield from _watch(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Watch over a test."""
    yield from _watch(item)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Hand out GROUPS whole, largest first, then all other tests one by one."""
    return _Scheduling(config, log)


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist is not typed
    def _split_scope(self, nodeid: str) -> str:
        return next((group for group, places in GROUPS.items() if nodeid.startswith(places)), nodeid)


def _watch(item: pytest.Item) -> Iterator[None]:
    if not any(item.get_closest_marker(tier) for tier in FIXTURES):
        _serverless.append(item.nodeid)
    try:
        return (yield)
    finally:
        _serverless.clear()


def _refuse_processes(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen" and _serverless and arguments[0] not in _FREE:
        raise RuntimeError(f"{_serverless[0]} starts {arguments[0]!r}: mark it with @pytest.mark.stack.")


sys.addaudithook(_refuse_processes)
