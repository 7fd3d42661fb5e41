"""The machine and versions that were measured. Without host names and paths, because it is published."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from benchmarks.rivals import fastify

if TYPE_CHECKING:
    from benchmarks.place import Place

PACKAGES = ("celery", "flask", "granian", "hiredis", "psycopg", "redis", "sqlalchemy", "uvicorn")
_SYNCS = 50


def describe(place: Place, *, postgresql: bool, node: bool) -> dict[str, str]:
    """Hardware, operating system and versions."""
    server: Any = place.valkey.info("server")
    about = {
        "CPU": f"{os.cpu_count()} cores of {_field('/proc/cpuinfo', 'model name')}",
        "memory": f"{int(_field('/proc/meminfo', 'MemTotal').split()[0]) / 2**20:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "write and fsync of 4 KiB": f"{_sync_ms(place.folder):.2f} ms (median of {_SYNCS})",
        "load before": f"{os.getloadavg()[0]:.2f} (average of a minute)",
        "Python": platform.python_version(),
        "Valkey": server.get("valkey_version", server["redis_version"]),
        "SQLite": sqlite3.sqlite_version,
        "packages": ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES),
    }
    if node and fastify.lacks() is None:
        about["Node rival"] = fastify.versions()
    if postgresql:
        with psycopg.connect(place.postgres.url()) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        about["PostgreSQL"] = f"{row[0] if row else '?'}, its own defaults, fsync on"
    return about


def _field(path: str, name: str) -> str:
    """The value of `name` in a file of /proc."""
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return " ".join(value.split())
    return "unknown 0"


def _sync_ms(folder: Path) -> float:
    """How long a small write with fsync takes."""
    times = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(_SYNCS):
            started = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000
