from __future__ import annotations

import importlib.metadata
import subprocess
import sys


def test_pulse_says_its_version() -> None:
    command = [sys.executable, "-m", "pulse_analytics", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"pulse, version {importlib.metadata.version('pulse-analytics')}"
