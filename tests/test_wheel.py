"""The wheel runs without the checkout: `pulse up` serves pages and API, and a worker started with `celery` counts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import urllib3

from pulse_analytics.up.program import http_lacks
from tests.conftest import TOKEN
from tests.facts import Facts, report, wait_until
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from pulse_analytics.config import Settings

pytestmark = [pytest.mark.stack, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

http = urllib3.PoolManager(retries=False, timeout=10)


@pytest.fixture
def installed(built_site: None, tmp_path: Path) -> Path:
    """The folder that the wheel of this tree is installed into."""
    source, wheels, folder = (tmp_path / name for name in ("source", "wheels", "installed"))
    # A copy, because a build leaves files in its tree. Symbolic links are copied as links.
    for name in ("pulse_analytics", "migrations", "frontend/dist"):
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    build = ["wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={wheels}", str(source)]
    subprocess.run([*pip, *build], check=True, capture_output=True)
    [wheel] = wheels.iterdir()
    subprocess.run([*pip, "install", "--no-deps", f"--target={folder}", str(wheel)], check=True, capture_output=True)
    return folder


@pytest.mark.nightly
def test_a_wheel_alone_migrates_serves_and_counts(
    installed: Path, settings: Settings, facts: Facts, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(installed),
        "PULSE_DATA_DIR": str(empty / "var"),
        "PULSE_REDIS_URL": settings.redis_url,
        "PULSE_DATABASE_URL": settings.database_url,
        "PULSE_ADMIN_TOKEN": TOKEN,
        "PULSE_PORT": str(port),
        "PULSE_FLOWER_PORT": "0",
    }
    where = [sys.executable, "-c", "import pulse_analytics; print(pulse_analytics.__file__)"]
    found = subprocess.run(where, env=env, cwd=empty, check=True, capture_output=True, text=True).stdout
    assert found.strip() == str(installed / "pulse_analytics" / "__init__.py")

    up = LocalProcess([sys.executable, "-m", "pulse_analytics", "up"], empty, name="up", env=env, cwd=empty)
    plain = [sys.executable, "-m", "celery", "-A", "pulse_analytics.celery_app", "worker"]
    worker = LocalProcess([*plain, "--concurrency", "1"], empty, name="plain-worker", env=env, cwd=empty)
    try:
        up.start()
        wait_until(lambda: up.status == "exited" or http_lacks(port, "/readyz") is None, 60)
        assert up.status == "running", up.logs().decode()
        url = f"http://127.0.0.1:{port}"
        assert b'src="/assets/' in http.request("GET", f"{url}/").data
        assert b'src="/assets/' in http.request("GET", f"{url}/admin").data
        assert http.request("POST", f"{url}/analytics", json=report("v1")).status == 202
        wait_until(lambda: facts.counts() == {"v1": 1})
        up.stop()

        worker.start()
        facts.redis.xadd("queue:analytics", journaled("v2"))
        wait_until(lambda: facts.counts() == {"v1": 1, "v2": 1}, 40)
    finally:
        worker.remove()
        up.remove()


def journaled(video_id: str) -> dict[str, str]:
    """A journal entry, as for an accepted report."""
    sent = report(video_id)
    event_id = "018bcfe5-6800-8b11-a7e8-8375a1745da6"
    fields = {name: str(sent[name]) for name in ("videoId", "event", "userId", "ts")}
    return {"id": event_id, **fields, "receivedAt": fields["ts"]}
