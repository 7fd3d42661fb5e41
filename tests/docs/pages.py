"""The Markdown pages of the repository, and what stands in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def pages() -> list[Path]:
    """Every Markdown file, but not those of installed packages."""
    skipped = {"node_modules", ".venv", "build", "dist", ".pytest_cache", "var"}
    return [path for path in sorted(ROOT.rglob("*.md")) if not skipped & set(path.relative_to(ROOT).parts)]


def prose(page: str) -> str:
    """A page without line breaks, emphasis and table borders, so that a phrase is found wherever it wraps."""
    return re.sub(r"[\s*|]+", " ", (ROOT / page).read_text(encoding="utf-8"))


def shell_blocks(page: str) -> list[str]:
    """The shell commands of a page, block by block."""
    return re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
