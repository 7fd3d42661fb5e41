"""Where Chromium and Xvfb come from, and what Chromium is started with."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

from tests.once import locked

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_INSTALL_SECONDS = 600


def launch_args() -> dict[str, Any]:
    """What Playwright launches: the machine's Chromium, quiet, and otherwise as its users have it."""
    return {"executable_path": find_chromium(), "args": flags()}


def flags() -> list[str]:
    """The flags for tests. The autoplay policy is left as it is."""
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
    """The path of Chromium; as root it is installed where there is none. Raises FileNotFoundError."""
    found = _find(NAMES) or (_installed("chromium") and _find(NAMES))
    if not found:
        raise FileNotFoundError(
            "These tests need Chromium: apt-get install chromium, or put google-chrome on the PATH."
        )
    return found


def find_xvfb() -> str | None:
    """The path of Xvfb; as root it is installed where there is none."""
    return _find(("Xvfb",)) or (_find(("Xvfb",)) if _installed("xvfb") else None)


def _find(names: tuple[str, ...]) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


def _installed(package: str) -> bool:
    """Whether Debian's `package` could be installed."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    commands = [["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", package]]
    # Who waited for the lock finds it installed: then these change nothing.
    with locked("apt-get"):
        return all(
            subprocess.run(command, env=env, capture_output=True, check=False, timeout=_INSTALL_SECONDS).returncode == 0
            for command in commands
        )
