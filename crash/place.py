"""Where runs take place: a folder, the network, and databases of one kind."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crash.database import SqliteDatabases
from crash.postgresql import PostgresDatabases
from crash.proxy import Network
from tests.servers import reaper
from tests.servers.postgres import server_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crash.database import Databases


class Place(NamedTuple):
    """What runs share."""

    folder: Path
    """Each run creates its own folder in it. What runs leave there stays."""
    databases: Databases
    network: Network


@contextmanager
def open_place(database: str, *, can_fill: bool) -> Iterator[Place]:
    """A place for runs on `database`, one of DATABASES."""
    with ExitStack() as stop:
        # PostgreSQL's user must be able to enter the folder, and may have no access to root's TMPDIR.
        folder = Path(tempfile.mkdtemp(prefix="pulse-crash-", dir=None if server_user() is None else "/tmp"))
        folder.chmod(0o711)
        reaper.keep_folder(folder / "shared")
        stop.callback(_remove_empty, folder)
        (folder / "shared").mkdir(mode=0o711)
        stop.callback(shutil.rmtree, folder / "shared", ignore_errors=True)
        network = stop.enter_context(Network())
        make = SqliteDatabases if database == "sqlite" else PostgresDatabases
        yield Place(folder, stop.enter_context(closing(make(folder / "shared", can_fill=can_fill))), network)


def _remove_empty(folder: Path) -> None:
    """Remove the folder unless failed runs left files in it."""
    if not any(folder.iterdir()):
        folder.rmdir()
