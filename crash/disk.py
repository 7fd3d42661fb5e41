"""Small disks that can be filled: tmpfs mounts that only the harness sees and that vanish with it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CLONE_NEWNS = 0x00020000
_MS_REC = 0x4000
_MS_PRIVATE = 1 << 18
_MNT_DETACH = 2
_FILLER = "filler"

_libc = ctypes.CDLL(None, use_errno=True)


def have_own_mounts() -> bool:
    """Give this process, and all that it starts from now on, a mount namespace of its own. Returns whether it may.

    Call it before the first thread and the first child, because existing ones keep the old namespace.
    """
    if os.geteuid() != 0:
        return False
    unshared = _libc.unshare(_CLONE_NEWNS) == 0
    return unshared and bool(_libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) == 0)


class Disk:
    """A folder, or a disk of that size if `megabytes` are given."""

    def __init__(self, folder: Path, megabytes: int | None, owner: int | None = None) -> None:
        self.folder = folder
        self._mounted = megabytes is not None
        folder.mkdir(parents=True)
        if megabytes is not None:
            options = f"size={megabytes}m,mode=0700,uid={os.geteuid() if owner is None else owner}"
            _check(_libc.mount(b"crash", os.fsencode(folder), b"tmpfs", 0, options.encode()))

    def fill(self) -> None:
        """Leave no free byte."""
        file = os.open(self.folder / _FILLER, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            # Loop, to take also what other processes free in the meantime.
            while room := _free_bytes(self.folder):
                os.posix_fallocate(file, os.fstat(file).st_size, room)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        finally:
            os.close(file)

    def make_room(self) -> None:
        """Undo `fill`."""
        (self.folder / _FILLER).unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount it, which deletes its contents."""
        if self._mounted:
            self._mounted = False
            with contextlib.suppress(OSError):
                _check(_libc.umount2(os.fsencode(self.folder), _MNT_DETACH))


def _free_bytes(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
