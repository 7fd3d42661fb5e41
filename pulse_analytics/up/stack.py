"""What runs, with which command, and how each says that it is ready."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pulse_analytics.config import MIGRATION_SECONDS
from pulse_analytics.up.program import Program, StartError, http_lacks, port_lacks, redis_lacks
from pulse_analytics.up.valkey import valkey_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulse_analytics.config import Settings

ASGI_APP = "pulse_analytics.asgi:app"
CELERY_APP = "pulse_analytics.celery_app"


def stack(settings: Settings, *, valkey_port: int | None, lock: int) -> list[list[Program]]:
    """What `pulse up` runs, in stages: each is started when the one before it is ready, and stopped before it.

    Without a `valkey_port` there is no Valkey: `settings.redis_url` is someone else's server. Valkey inherits the
    descriptor `lock`. Raises StartError if the `local` extra is not installed.
    """
    stages = [[migration()], [web(settings), worker()]]
    if settings.flower_port:
        stages[-1].append(flower(settings))
    if valkey_port:
        stages.insert(0, [valkey(settings, valkey_port, lock)])
    return stages


def valkey(settings: Settings, port: int, lock: int) -> Program:
    """The embedded Redis-compatible server. Makes its data directory."""
    data_dir = settings.data_dir / "valkey"
    data_dir.mkdir(mode=0o700, exist_ok=True)
    try:
        command = valkey_command(data_dir, port, urlsplit(settings.redis_url).password or "")
    except ImportError as error:
        raise StartError("`pulse up` needs the `local` extra: pip install 'pulse-analytics[local]'.") from error
    return Program(
        name="valkey",
        command=command,
        missing=lambda _: redis_lacks(settings),
        patience_seconds=120,  # It reads the whole append-only file first.
        grace_seconds=2,  # With `appendfsync always` there is nothing left to write.
        pass_fds=(lock,),
    )


def migration() -> Program:
    """Bring the database to the newest schema. A long migration must not be cut off, hence the patience."""
    return Program(
        name="migration",
        command=_python("pulse_analytics", "db", "upgrade"),
        once=True,
        patience_seconds=MIGRATION_SECONDS,
    )


def web(settings: Settings) -> Program:
    """The HTTP API."""
    return Program(
        name="web",
        command=web_command(settings.port),
        missing=lambda _: http_lacks(settings.port, "/readyz"),
        heartbeats=settings.heartbeat_dir,
    )


def web_command(port: int, processes: int = 2, app: str = ASGI_APP) -> Sequence[str]:
    """The command line of the web server on a port of loopback."""
    options = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--workers": str(processes),
        "--loop": "uvloop",
        "--http": "pulse_analytics.web.protocol:Protocol",
        "--ws": "none",
        "--lifespan": "on",
        # Shorter than our own grace, so that a request that hangs ends with its process and not with all of them.
        "--timeout-graceful-shutdown": "4",
        # A process that is stopped (SIGSTOP) is replaced; one whose event loop hangs has no heartbeat.
        "--timeout-worker-healthcheck": "5",
        "--log-level": "warning",
    }
    words = [word for option in options.items() for word in option]
    return _python("uvicorn", *words, "--no-proxy-headers", "--no-server-header", "--no-access-log", app)


def worker() -> Program:
    """The Celery worker."""
    return Program(
        name="worker",
        command=_python("celery", "-A", CELERY_APP, "worker", "--loglevel", "INFO"),
        missing=lambda log: None if log.says(" ready.") else "it has not said that it is ready",
        # Valkey dies with us, and then Celery may wait forever: at SIGTERM for a task that failed, at SIGQUIT for a
        # lock of its own. The entries that it had taken become stale, and are taken again.
        death_signal=signal.SIGKILL,
    )


def flower(settings: Settings) -> Program:
    """Celery's monitor. It keeps nothing, so that its end needs no patience."""
    return Program(
        name="flower",
        command=_python("celery", "-A", CELERY_APP, "flower", "--address=127.0.0.1", f"--port={settings.flower_port}"),
        missing=lambda _: port_lacks(settings.flower_port),
        grace_seconds=3,
        # Where its broker is gone before it, it would wait for it at SIGTERM, without a limit.
        death_signal=signal.SIGKILL,
    )


def _python(module: str, *arguments: str) -> Sequence[str]:
    return [sys.executable, "-m", module, *arguments]
