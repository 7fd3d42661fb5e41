"""No test in `make check` starts a process."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from pathlib import Path

STARTS_ONE = """
import subprocess
import pytest

@pytest.fixture
def process():
    subprocess.run(["true"], check=True)

def test_in_its_fixture(process): ...

def test_itself():
    subprocess.run(["true"], check=True)

@pytest.mark.stack
def test_that_says_so(process): ...
"""


@pytest.mark.stack
def test_a_test_that_starts_a_process_without_a_marker_fails(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(STARTS_ONE, encoding="utf-8")
    options = ["-c", "setup.cfg", "-p", "tests.tiers", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "starts 'true': mark it with @pytest.mark.stack" in done.stdout


@pytest.mark.nightly
@pytest.mark.stack
def test_a_group_runs_in_one_process_of_pytest_xdist() -> None:
    options = ["-n", "2", "-v", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, "tests/crash/test_plan.py", "tests/crash/test_table.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"gw[01]", done.stdout)) > 10
    assert len(set(re.findall(r"\[(gw[01])\].* PASSED", done.stdout))) == 1
