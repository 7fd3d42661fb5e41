"""Flower as started by `celery -A celery_app flower`: every page needs a login, and none can change anything."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from flower.urls import handlers

from pulse_analytics.up.program import port_lacks
from tests.conftest import TOKEN
from tests.facts import wait_until
from tests.servers.local_process import LocalProcess
from tests.servers.ports import free_port
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.valkey import ValkeyContainer

OPEN = {"/healthcheck", "/static/(.*)", "/login/?", "/logout$", ".*"}
"""Open paths, which hold no data: the health check, Flower's static files, login and logout, and the 404 page."""
PATTERNS = [each[0] if isinstance(each, tuple) else each.regex.pattern for each in handlers]
PATHS = [re.sub(r"\(.*\)", "x", pattern).rstrip("$") for pattern in PATTERNS if pattern not in OPEN]
SHUTDOWN = "/api/worker/shutdown/celery@x"

http = urllib3.PoolManager(retries=False, timeout=10)


def ask(url: str, path: str, method: str = "GET", login: str = "", **headers: str) -> tuple[int, str]:
    """The status and body of one answer."""
    given: Any = {**urllib3.make_headers(basic_auth=login or None), **headers}
    answer = http.request(method, f"{url}{path}", headers=given)
    return answer.status, answer.data.decode()


@contextmanager
def flower(folder: Path, valkey: ValkeyContainer, **values: str) -> Iterator[tuple[str, LocalProcess]]:
    """Run Flower, and yield its address and its process."""
    port = free_port()
    env = {"PULSE_DATA_DIR": str(folder), "PULSE_REDIS_URL": valkey.url, "PATH": os.environ["PATH"], **values}
    command = [sys.executable, "-m", "celery", "-A", "celery_app", "flower", "--address=127.0.0.1", f"--port={port}"]
    process = LocalProcess(command, folder, name="flower", env=env, cwd=ROOT)
    process.start()
    try:
        wait_until(lambda: port_lacks(port) is None)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.remove()


def test_every_page_needs_the_token_and_with_it_nothing_can_be_changed(tmp_path: Path, valkey: ValkeyContainer) -> None:
    with flower(tmp_path, valkey, PULSE_ADMIN_TOKEN=TOKEN) as (url, process):
        wrong = ("", "admin:", f"root:{TOKEN}", "admin:wrong")
        found = {ask(url, path, method, login)[0] for path in PATHS for method in ("GET", "POST") for login in wrong}
        assert found == {401, 405}
        assert len(PATHS) > 20
        right = f"admin:{TOKEN}"
        assert [ask(url, path, login=right)[0] for path in ("/", "/metrics", "/api/workers")] == [200] * 3
        assert ask(url, SHUTDOWN, "POST", right) == (403, "Read only mode is enabled")
        assert TOKEN not in process.logs().decode()
        assert TOKEN not in Path(f"/proc/{process.pid}/cmdline").read_text()


def test_without_a_token_nobody_can_sign_in(tmp_path: Path, valkey: ValkeyContainer) -> None:
    with flower(tmp_path, valkey) as (url, process):
        assert {
            ask(url, path, login=login)[0] for path in ("/", "/metrics") for login in ("", "admin:", "admin:None")
        } == {401}
        assert "PULSE_ADMIN_TOKEN is not set: nobody can sign in to Flower." in process.logs().decode()


def test_flowers_own_login_comes_first_and_other_sites_cannot_use_it(tmp_path: Path, valkey: ValkeyContainer) -> None:
    values = {"PULSE_ADMIN_TOKEN": TOKEN, "FLOWER_BASIC_AUTH": "me:mine", "FLOWER_READ_ONLY": "false"}
    with flower(tmp_path, valkey, **values) as (url, _):
        assert ask(url, "/", login=f"admin:{TOKEN}")[0] == 401
        # A browser also sends the login with requests that another site's page makes.
        for foreign in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:1"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": url},
        ):
            assert ask(url, SHUTDOWN, "POST", "me:mine", **foreign)[0] == 403, foreign
        assert ask(url, SHUTDOWN, "POST", "me:mine", **{"Sec-Fetch-Site": "same-origin"})[0] == 404
        # For another host name that resolves to this server (DNS rebinding), a browser has no login to send.
        assert ask(url, "/", Host="evil.example", Origin="http://evil.example")[0] == 401


@pytest.mark.nightly
def test_with_oauth_there_is_no_other_login(tmp_path: Path, valkey: ValkeyContainer) -> None:
    values = {"PULSE_ADMIN_TOKEN": TOKEN, "FLOWER_AUTH": "me@example\\.com"}
    with flower(tmp_path, valkey, **values) as (url, _):
        answer = http.request("GET", f"{url}/metrics", redirect=False)
        assert (answer.status, answer.headers["Location"].partition("?")[0]) == (302, "/login")
