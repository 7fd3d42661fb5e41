"""Debian's servers and Firefox: installed, or unpacked by `bin/debian-programs`, which only tests of nginx run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

_CACHES = (Path("/var/cache"), Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"))
_FOLDERS = ("usr/sbin", "usr/bin", "usr/lib/postgresql/15/bin")


class Program(NamedTuple):
    """A program, and the environment in which it finds its libraries."""

    path: str
    env: dict[str, str]


class Missing(Exception):
    """The program is neither installed nor unpacked. The message says how to get it."""


def find_program(name: str) -> Program:
    """`name`, on the PATH, where Debian installs it, or in the cache. Raises Missing."""
    for root in (Path("/"), *(cache / "pulse-analytics/debian" for cache in _CACHES)):
        folders = [str(root / folder) for folder in _FOLDERS]
        installed = root == Path("/")
        if path := shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath)] * installed + folders)):
            libraries = "" if installed else os.pathsep.join(map(str, root.glob("usr/lib/*-linux-gnu")))
            return Program(path, {"PATH": os.defpath, "LD_LIBRARY_PATH": libraries})
    raise Missing(f"{name} is missing: run bin/debian-programs, or install Debian's package")
