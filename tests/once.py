"""What several test processes need but only one may make: the built site, and whatever else takes a lock here."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock between all test processes of this user."""
    path = Path(tempfile.gettempdir()) / f"pulse-tests-{os.getuid()}-{name}.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def built_site() -> None:
    """The pages that Flask serves, built from the current sources, with Node and its packages installed.

    They are built before the first test, because tests have a time limit.
    """


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the site if a test needs it."""
    if not session.config.option.collectonly and any("built_site" in fixtures_of(item) for item in session.items):
        _build_site()


def fixtures_of(item: pytest.Item) -> set[str]:
    """The names of the fixtures that a test uses, directly or through others."""
    return set(getattr(item, "fixturenames", ()))


def _build_site() -> None:
    with locked("frontend"):
        command = [str(ROOT / "bin" / "frontend"), sys.prefix, "site"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
