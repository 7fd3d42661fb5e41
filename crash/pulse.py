"""Commands of `pulse`, each in a process of its own that is there at once.

Python takes a second to import the project, in a run of twelve. So a server that has imported it already forks for each
command. The command's slices are small, so that a kill falls between two of them.
"""

from __future__ import annotations

import os
import sys
from multiprocessing import forkserver, get_context
from typing import TYPE_CHECKING

from pulse_analytics import app, cli, config  # noqa: F401 - so that the server has imported them
from pulse_analytics.__main__ import main
from tests.servers.worker import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

ARCHIVE_SIZE = 40

_context = get_context("forkserver")
_context.set_forkserver_preload(["crash.series", "crash.pulse"])


def prepare() -> None:
    """Let the server begin to import, if it has not."""
    forkserver.ensure_running()


def start_command(words: Sequence[str], env: Mapping[str, str], log: Path, *, plain: bool) -> ForkServerProcess:
    """Start `pulse` with these words and this environment; its output goes to `log`. `plain`: as an operator does, with
    nothing imported before and with slices of the usual size."""
    process = _context.Process(target=_run, args=(list(words), dict(env), str(log), plain), daemon=True)
    process.start()
    return process


def _run(words: list[str], env: dict[str, str], log: str, plain: bool) -> None:
    output = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.chdir(ROOT)
    if plain:
        os.execve(sys.executable, [sys.executable, "-m", "pulse_analytics", *words], env)
    os.environ.clear()
    os.environ.update(env)
    config.ARCHIVE_SIZE = ARCHIVE_SIZE
    sys.argv = ["pulse", *words]
    main()
