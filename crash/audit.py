"""The project's own verdict on a run: `pulse audit`, if this tree has that command."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from pulse_analytics.app import create_app
from pulse_analytics.cli import pulse_group
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

HAS_AUDIT = "audit" in pulse_group(create_app).commands


def audit(env: Mapping[str, str]) -> str:
    """What `pulse audit` found wrong; empty if it found nothing or does not exist."""
    if not HAS_AUDIT:
        return ""
    command = [sys.executable, "-m", "pulse_analytics", "audit"]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return f"{done.stdout}{done.stderr}" or f"exit code {done.returncode}" if done.returncode != 0 else ""
