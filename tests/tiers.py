"""What a test needs. Its markers follow from its fixtures; a test without any of these markers needs no server.

`make check` runs the tests without markers, so none of them may start a process. In every run, such a test that tries
to start one fails, with the name of the missing marker.
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
"""The fixtures that show that a test needs a server (Valkey, PostgreSQL), a Celery worker or Chromium, or that it
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
"""Tests that one process of pytest-xdist runs in sequence: they use the browser, or start many processes and time them.

pytest-xdist's own groups (`--dist loadgroup`) need the attribute `_nodeid` of a test, which pytest 9.2 removed.
"""

_FREE = {"fc-list"}
"""Programs that any test may start: matplotlib asks this one for the machine's fonts."""

_serverless: list[str] = []
"""The current test, if it has none of the markers."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Add the markers that follow from the fixtures."""
    for item in items:
        for tier, fixtures in FIXTURES.items():
            if fixtures & fixtures_of(item):
                item.add_marker(tier)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Refuse processes during a test's set-up if it has none of the markers."""
    yield from _watch(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Refuse processes during a test that has none of the markers."""
    yield from _watch(item)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Schedule each of GROUPS as a whole, largest first, then all other tests one by one."""
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
