"""Finds or installs Chromium and Xvfb; Chromium's flags."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

from tests.once import locked

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_INSTALL_SECONDS = 600


def launch_args() -> dict[str, Any]:
    """Playwright's launch options: the machine's Chromium with background noise off, otherwise as users have it."""
    return {"executable_path": find_chromium(), "args": flags()}


def flags() -> list[str]:
    """The flags for tests. The autoplay policy stays at its default."""
    return [
        "--host-resolver-rules=MAP *.example 127.0.0.1",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]


def find_chromium() -> str:
    """The path of Chromium. If there is none, root installs it. Raises FileNotFoundError."""
    found = _find(NAMES) or (_installed("chromium") and _find(NAMES))
    if not found:
        raise FileNotFoundError(
            "These tests need Chromium: apt-get install chromium, or put google-chrome on the PATH."
        )
    return found


def find_xvfb() -> str | None:
    """The path of Xvfb. If there is none, root installs it."""
    return _find(("Xvfb",)) or (_find(("Xvfb",)) if _installed("xvfb") else None)


def _find(names: tuple[str, ...]) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


def _installed(package: str) -> bool:
    """Whether Debian's `package` could be installed."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    commands = [["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", package]]
    # A process that waited for the lock finds the package installed; then these commands change nothing.
    with locked("apt-get"):
        return all(
            subprocess.run(command, env=env, capture_output=True, check=False, timeout=_INSTALL_SECONDS).returncode == 0
            for command in commands
        )
