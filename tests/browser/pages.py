"""Builds the harness pages from the player's sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.browser.site import PAGES, ROOT

FRONTEND = ROOT / "frontend"
PLAYER = FRONTEND / "player"
_VITE = FRONTEND / "node_modules" / "vite" / "bin" / "vite.js"
_CONFIG = PLAYER / "tests" / "browser" / "vite.config.ts"
_BUILT_ELSEWHERE = {"node_modules", "dist-lib", "dist-test"}


def build_pages() -> None:
    """Build the harness pages unless they are newer than every source. Raises RuntimeError with Vite's output."""
    built = PAGES / "react.html"
    if built.is_file() and built.stat().st_mtime > _newest_source():
        return
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    node = shutil.which("node", path=path)
    if node is None or not _VITE.is_file():
        raise RuntimeError("The harness pages need Node and frontend/node_modules: `make setup`.")
    command = [node, str(_VITE), "build", "--config", str(_CONFIG), "--logLevel", "warn"]
    done = subprocess.run(command, cwd=PLAYER, capture_output=True, text=True, check=False, timeout=110)
    if done.returncode != 0:
        raise RuntimeError(f"The harness pages cannot be built:\n{done.stdout}{done.stderr}")


def _newest_source() -> float:
    folders = [path for path in PLAYER.iterdir() if path.name not in _BUILT_ELSEWHERE]
    files = (file for folder in folders for file in [folder, *folder.rglob("*")])
    return max(file.stat().st_mtime for file in files if file.is_file())
