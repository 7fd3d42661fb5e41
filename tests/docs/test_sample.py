"""bin/sample-words draws docstrings, test names and error messages, unedited; the seed decides which."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_MODULE = '''"""The module."""
def test_the_name():
    raise ValueError(f"fields {1 + 1} are missing")
def answer():
    return problem(404, "There is no such video.")
'''

pytestmark = pytest.mark.stack


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with two files."""
    (tmp_path / "frontend/player/lib").mkdir(parents=True)
    (tmp_path / "pulse_analytics").mkdir()
    (tmp_path / "frontend/player/lib/player.ts").write_text("\nthrow new TypeError('No video.')\n", encoding="utf-8")
    (tmp_path / "pulse_analytics/module.py").write_text(_MODULE, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    return tmp_path


def _sample(seed: str, folder: Path) -> str:
    return subprocess.check_output([sys.executable, ROOT / "bin/sample-words", seed, folder], text=True)


def test_the_same_seed_draws_the_same_texts_and_another_seed_draws_others(checkout: Path) -> None:
    docstrings = [f'def f{number}():\n    """Return {number}."""\n' for number in range(100)]
    (checkout / "pulse_analytics/module.py").write_text("".join(docstrings), encoding="utf-8")
    assert _sample("a", checkout) == _sample("a", checkout) != _sample("b", checkout)


def test_each_text_is_printed_unedited_with_its_file_and_line(checkout: Path) -> None:
    assert set(_sample("a", checkout).split("\n\n")) == {
        "# Docstrings",
        "pulse_analytics/module.py:1: The module.",
        "# Tests",
        "pulse_analytics/module.py:2: test_the_name",
        "# Errors",
        "frontend/player/lib/player.ts:2: 'No video.'",
        'pulse_analytics/module.py:3: f"fields {1 + 1} are missing"',
        'pulse_analytics/module.py:5: "There is no such video."',
        "",
    }
