"""schemathesis on a real server: requests that /openapi.json allows are answered as it says, others are refused."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import urllib3

from tests.conftest import TOKEN
from tests.reports.conftest import write
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from tests.facts import Facts
    from tests.servers.web import Web

pytestmark = pytest.mark.stack

CONFIG = Path(__file__).with_name("schemathesis.toml")
HISTORY = {"intro": {0: 1, 2: 3}, "tides": {0: 1}}
EXAMPLES = 40
"""For each operation."""
SEED = 14
LEAST_CASES = 500


@pytest.fixture
def worker_env(worker_env: dict[str, str]) -> dict[str, str]:
    """The settings of a server that trusts the client address sent by `schemathesis_hooks`."""
    return {**worker_env, "PULSE_TRUSTED_PROXIES": "1"}


@pytest.mark.nightly  # test_no_500 sends the same kinds of requests.
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_every_answer_agrees_with_the_openapi_document(web: Web, facts: Facts, tmp_path: Path) -> None:
    write(facts, HISTORY)
    done = _ask_everything(web, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    [cases] = re.findall(r"(\d+) generated", done.stdout)
    assert int(cases) >= LEAST_CASES, done.stdout
    assert facts.ledger()["accepted"] == facts.waiting() > 0


def _ask_everything(web: Web, folder: Path) -> subprocess.CompletedProcess[str]:
    """What schemathesis reports about the server, as the admin and as a browser that has not signed in."""
    session = urllib3.request("GET", f"{web.url}/admin/session")
    [cookie] = re.findall("pulse_session=([^;]+)", session.headers["Set-Cookie"])
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TEST_ADMIN_TOKEN": TOKEN,
        "TEST_SESSION": cookie,
        "TEST_CSRF_TOKEN": session.json()["csrfToken"],
    }
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [program, "--config-file", str(CONFIG), "run", f"{web.url}/openapi.json", "--continue-on-failure"]
    options = ["--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-color"]
    return subprocess.run([*command, *options], env=env, cwd=folder, capture_output=True, text=True, check=False)
