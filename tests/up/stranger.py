"""Attacks by another user of the machine: `python -m tests.up.stranger DATA_DIR VALKEY_PORT FLOWER_PORT`, as root.

It becomes `nobody` and prints the result of each trial as JSON.
"""

from __future__ import annotations

import json
import os
import pwd
import socket
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from celery import Celery

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = ("PING", "DBSIZE", "FLUSHALL", "CONFIG SET appendonly no", 'EVAL "return 1" 0', "XLEN queue:analytics")
FILES = ("pulse.env", "pulse.db", "log/web.log", "log/valkey.log", "valkey/password.conf", "valkey/appendonlydir")
PAGES = ("/", "/metrics", "/api/workers")


def main(data_dir: Path, valkey_port: int, flower_port: int) -> None:
    """Print the result of each trial."""
    # Run the trials once as root, to import all modules: `nobody` may not be able to read Python's folder.
    trials(data_dir, valkey_port, flower_port)
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    sys.stdout.write(json.dumps(trials(data_dir, valkey_port, flower_port)))


def trials(data_dir: Path, valkey_port: int, flower_port: int) -> dict[str, str | int]:
    """The result of each trial, by name."""
    app = Celery(broker=f"redis://127.0.0.1:{valkey_port}/0")
    app.conf.broker_transport_options = {"max_retries": 0}
    return {
        "what is for all": error_of((data_dir.parent / "for-all").read_text),
        "the folder": error_of(lambda: list(data_dir.iterdir())),
        **{f"file {name}": error_of(lambda name=name: (data_dir / name).stat()) for name in FILES},  # type: ignore[misc]
        **{f"Valkey {command}": reply_of(valkey_port, command) for command in COMMANDS},
        "Celery ping": error_of(lambda: app.control.ping(timeout=1)),
        "Celery rate limit": error_of(lambda: app.control.rate_limit("pulse_analytics.persist_events", "1/h")),
        "Celery shutdown": error_of(app.control.shutdown),
        **{f"Flower {page}": status_of(f"http://127.0.0.1:{flower_port}{page}") for page in PAGES},
        "seen of all processes": seen_of_processes(),
    }


def error_of(trial: Callable[[], object]) -> str:
    """The name and message of the error with which the trial failed."""
    try:
        trial()
    except Exception as error:  # noqa: BLE001 - whatever it is, the test reads it
        return f"{type(error).__name__}: {error}"
    return "done"


def reply_of(port: int, command: str) -> str:
    """Valkey's answer to one line."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(command.encode() + b"\r\n")
        return connection.recv(1000).decode()


def status_of(url: str) -> int:
    """The status of the answer to a GET."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def seen_of_processes() -> str:
    """The command lines of all processes, and the readable environments."""
    seen = []
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            with suppress(OSError):
                seen.append((process / name).read_bytes().decode(errors="replace"))
    return "\n".join(seen)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
