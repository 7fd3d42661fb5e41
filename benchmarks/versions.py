"""Versions of this project to measure: the present one, and with `--against REF` an earlier one from a git worktree.

Both run in the same virtual environment, so that only their own code differs. `PYTHONPATH` and the working directory
point to a version's own tree. That alone is not enough: through an editable install of the present tree, Python would
find modules that the earlier tree does not have. So an earlier tree gets a `sitecustomize.py` that removes the
install's finder, and `Version.web_command` checks where modules are really imported from.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import PULSE
from benchmarks.partner import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SAY_COMMAND = """
import importlib.util, json, sys
from pulse_analytics.config import Settings
try:
    from pulse_analytics.up import stack
except ModuleNotFoundError:  # 0.1.0 calls it so.
    from pulse_analytics.local import stack
command = stack.web(Settings(port=int(sys.argv[1]))).command
files = [module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "pulse_analytics"]
files += [importlib.util.find_spec(name).origin for name in ("wsgi", "celery_app")]
print(json.dumps({"files": files, "command": list(command)}))
"""
_TAKE_FINDER_AWAY = """
import sys
sys.meta_path[:] = [each for each in sys.meta_path if not getattr(each, "__module__", "").startswith("__editable__")]
"""


class UnknownVersion(Exception):
    """Git has no such revision, or this is not a git checkout. The message is git's."""


@dataclass(frozen=True)
class Version:
    """A tree of this project."""

    who: str
    """The name of this version in figures."""
    folder: Path

    @property
    def path(self) -> dict[str, str]:
        """The environment variables that make Python import this tree and no other."""
        return {"PYTHONPATH": str(self.folder)}

    def web_command(self, port: int) -> list[str]:
        """The command with which this version's `pulse up` serves; checks that it comes from this version's tree."""
        said: dict[str, Any] = json.loads(self._python(["-c", _SAY_COMMAND, str(port)], {}))
        strangers = [file for file in said["files"] if not Path(file).is_relative_to(self.folder)]
        assert not strangers, f"not in {self.folder}: {strangers}"
        return list(said["command"])

    def migrate(self, env: Mapping[str, str]) -> None:
        """Upgrade the database that `env` names to this version's newest schema."""
        self._python(["-m", "pulse_analytics", "db", "upgrade"], env)

    def _python(self, arguments: list[str], env: Mapping[str, str]) -> str:
        done = subprocess.run(  # noqa: S603 - nothing of a user's
            [sys.executable, *arguments],
            cwd=self.folder,
            env=environment({**env, **self.path}),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout


PRESENT = Version(PULSE, ROOT)


@contextmanager
def checked_out(ref: str) -> Iterator[Version]:
    """The version at the git revision `ref`, in a temporary worktree. Raises UnknownVersion."""
    with tempfile.TemporaryDirectory(prefix="pulse-against-") as parent:
        # Python reports the paths of modules with symbolic links resolved.
        folder = Path(parent).resolve() / "tree"
        _git("worktree", "add", "--quiet", "--detach", str(folder), ref)
        try:
            (folder / "sitecustomize.py").write_text(_TAKE_FINDER_AWAY, encoding="utf-8")
            yield Version(f"{PULSE} {ref}", folder)
        finally:
            _git("worktree", "remove", "--force", str(folder))


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """A program's environment: `env`, and this process' environment without its own `PULSE_*` variables."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}, **env}


def _git(*arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - a version's name is no option: git refuses one that begins with a dash
        ["git", *arguments],  # noqa: S607 - whichever git the PATH has
        cwd=ROOT,
        # In a git hook, GIT_* variables point to another index.
        env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise UnknownVersion(done.stderr.strip())
