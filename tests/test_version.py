from __future__ import annotations

import importlib.metadata

from click.testing import CliRunner

from pulse_analytics.app import create_app
from pulse_analytics.cli import pulse_group


def test_pulse_prints_its_version() -> None:
    said = CliRunner().invoke(pulse_group(create_app), ["--version"])
    assert said.output.strip() == f"pulse, version {importlib.metadata.version('pulse-analytics')}"
