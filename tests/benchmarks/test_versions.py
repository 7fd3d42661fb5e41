"""--against measures an earlier version, and that version only."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as bench
from benchmarks.partner import ROOT
from benchmarks.versions import PRESENT, UnknownVersion, Version, checked_out, environment

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="This is not a git checkout."),
]

SAY_WHERE = "import pulse_analytics; print(pulse_analytics.__file__)"


def imported_from(version: Version, code: str) -> subprocess.CompletedProcess[str]:
    """Run `code` with Python as a program of this version."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=version.folder,
        env=environment(version.path),
        capture_output=True,
        text=True,
        check=False,
    )


def worktrees() -> str:
    return subprocess.run(["git", "worktree", "list"], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_an_earlier_version_runs_its_own_modules_and_is_removed_afterwards() -> None:
    with checked_out("HEAD") as version:
        assert str(version.folder) in worktrees()
        assert imported_from(version, SAY_WHERE).stdout.startswith(str(version.folder))
        assert version.web_command(8000)[0] == sys.executable
    assert not version.folder.exists()
    assert str(version.folder) not in worktrees()


def test_an_earlier_version_cannot_import_a_module_that_only_the_present_one_has() -> None:
    with checked_out("HEAD") as version:
        (version.folder / "pulse_analytics" / "breaker.py").unlink()
        assert "ModuleNotFoundError" in imported_from(version, "import pulse_analytics.breaker").stderr


def test_a_version_that_imports_another_tree_is_not_measured(tmp_path: Path) -> None:
    for name in ("wsgi.py", "celery_app.py"):
        (tmp_path / name).touch()
    with pytest.raises(AssertionError, match="not in"):
        Version("stranger", tmp_path).web_command(8000)


def test_the_present_version_is_served_as_pulse_up_does() -> None:
    assert "8123" in " ".join(PRESENT.web_command(8123))


def test_a_version_that_git_does_not_know_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(UnknownVersion, match="no-such-version"), checked_out("no-such-version"):
        pass
    result = CliRunner().invoke(bench.main, ["accept", "--quick", "--against", "no-such-version"])
    assert result.exit_code == 2
    assert "--against" in result.output
