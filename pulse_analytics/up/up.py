"""`pulse up`: choose, lock, start, print the table, wait."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from pulse_analytics.config import RUN_FILE, Settings, read_run_file
from pulse_analytics.credentials import check_token
from pulse_analytics.errors import ConfigError
from pulse_analytics.monitor import USER
from pulse_analytics.redis_urls import without_secrets
from pulse_analytics.up.exclusive import PATIENCE_SECONDS, check_ports, free_port, locked
from pulse_analytics.up.program import Program, StartError, redis_lacks
from pulse_analytics.up.run_file import child_environment, user_values, write_run_file
from pulse_analytics.up.stack import stack
from pulse_analytics.up.supervisor import Supervisor, stop_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Stack = Callable[..., list[list[Program]]]

VALKEY_PORT = "PULSE_VALKEY_PORT"
"""In the run file only: the port of the embedded Valkey, so that the next run uses it again."""
VALKEY_PASSWORD = "PULSE_VALKEY_PASSWORD"  # noqa: S105 - a name
"""In the run file only. Without a password, anyone with an account on the machine could read and empty the journal."""


@click.command("up")
def up_command() -> None:
    """Run everything until Ctrl-C.

    Valkey (unless PULSE_REDIS_URL names a server), the database's migrations, web, worker and Flower."""
    raise SystemExit(up())


def up(values: Mapping[str, str] | None = None, *, stack: Stack = stack) -> int:
    """Run the stack until Ctrl-C, SIGTERM or SIGHUP, then stop all of it. Returns the exit code.

    `values` are the `PULSE_*` variables that the user set. From an earlier run only four values are kept: the admin
    token, the session key, and Valkey's port and password. Its Redis URL is not: it would look like the user's and
    switch the embedded Valkey off.
    """
    os.umask(0o077)
    try:
        values = user_values(values)
        data_dir = Path(values["PULSE_DATA_DIR"])
        given = Settings.parse(values, data_dir)
        with locked(data_dir, _say) as lock:
            _close_to_others(data_dir)
            earlier = read_run_file(data_dir)
            _check_ports(given, earlier)
            valkey_port = None if "PULSE_REDIS_URL" in values else _valkey_port(given, earlier)
            chosen = _choose(given, earlier, valkey_port)
            _check_redis(chosen, valkey_port)
            stages = stack(chosen, valkey_port=valkey_port, lock=lock)
            with stop_signals() as stopping, _run_file(chosen, valkey_port) as run_values:
                env = child_environment({**values, **run_values, **_folders(chosen)})
                _run(chosen, stages, Supervisor(data_dir, env, _say), stopping)
    except (StartError, ConfigError, OSError) as error:  # OSError: a full disk, or a folder of another user.
        click.echo(f"pulse up: {error}", err=True)
        return 1
    return 0


def _run(settings: Settings, stages: list[list[Program]], supervisor: Supervisor, stopping: Callable[[], bool]) -> None:
    _say("Starting ... (the first time takes some seconds)")
    with supervisor:
        for stage in stages:
            if not stopping():
                supervisor.start(stage, stopping)
        if not stopping():
            _say(table(settings))
        supervisor.watch(stopping)
        _say("Stopping ...")
    _say("Stopped. The data is kept for the next run.")


def _close_to_others(data_dir: Path) -> None:
    """An existing folder may be open to all users."""
    if data_dir.stat().st_uid == os.getuid():
        data_dir.chmod(0o700)
    elif data_dir.stat().st_mode & 0o007:
        _say(f"{data_dir} belongs to someone else, and everybody on this machine can read it.")


def _folders(settings: Settings) -> dict[str, str]:
    """The folders that only the children need, created empty."""
    assert settings.heartbeat_dir is not None  # noqa: S101 - `_choose` chose it
    settings.heartbeat_dir.mkdir(mode=0o700, exist_ok=True)
    for file in settings.heartbeat_dir.iterdir():
        file.unlink()
    return {"PULSE_DATA_DIR": str(settings.data_dir), "PULSE_HEARTBEAT_DIR": str(settings.heartbeat_dir)}


def _check_ports(given: Settings, earlier: Mapping[str, str]) -> None:
    ports = {"PULSE_PORT": given.port, "PULSE_FLOWER_PORT": given.flower_port}
    # A killed run leaves its ports in the run file and, for a moment, its servers on them until they end.
    killed = any(earlier.get(name) == str(port) for name, port in ports.items())
    check_ports({name: port for name, port in ports.items() if port}, PATIENCE_SECONDS if killed else 0.0)


def _valkey_port(given: Settings, earlier: Mapping[str, str]) -> int:
    preferred = earlier.get(VALKEY_PORT, "")
    return free_port(int(preferred) if preferred.isdecimal() else None, avoid=(given.port, given.flower_port))


def _choose(given: Settings, earlier: Mapping[str, str], valkey_port: int | None) -> Settings:
    password = earlier.get(VALKEY_PASSWORD) or secrets.token_urlsafe(24)
    redis_url = f"redis://:{password}@127.0.0.1:{valkey_port}/0" if valkey_port else given.redis_url
    return replace(
        given,
        redis_url=redis_url,
        broker_url=redis_url if given.broker_url == given.redis_url else given.broker_url,
        heartbeat_dir=given.data_dir / "heartbeats",
        admin_token=given.admin_token or _earlier_token(given, earlier) or secrets.token_urlsafe(24),
        session_key=given.session_key or earlier.get("PULSE_SESSION_KEY") or secrets.token_urlsafe(32),
    )


def _earlier_token(given: Settings, earlier: Mapping[str, str]) -> str | None:
    """The admin token that an earlier run kept. Raises ConfigError if it is no longer accepted."""
    token = earlier.get("PULSE_ADMIN_TOKEN")
    return check_token(token, f"PULSE_ADMIN_TOKEN in {given.data_dir / RUN_FILE}") if token else None


def _check_redis(settings: Settings, valkey_port: int | None) -> None:
    given = {} if valkey_port else {"PULSE_REDIS_URL": settings.redis_url}
    for name, url in {**given, **_other_broker(settings)}.items():
        if lacks := redis_lacks(replace(settings, redis_url=url)):
            raise StartError(f"The server of {name} ({without_secrets(url)}) does not answer: {lacks}")


def _other_broker(settings: Settings) -> dict[str, str]:
    """PULSE_BROKER_URL, if it is not the server of PULSE_REDIS_URL."""
    return {} if settings.broker_url == settings.redis_url else {"PULSE_BROKER_URL": settings.broker_url}


@contextmanager
def _run_file(settings: Settings, valkey_port: int | None) -> Iterator[dict[str, str]]:
    """Write the chosen values for other commands; at the end keep what the next run needs, without dead addresses."""
    keep = {"PULSE_ADMIN_TOKEN": settings.admin_token or "", "PULSE_SESSION_KEY": settings.session_key or ""}
    if settings.user_ids.on:
        # Without it, the next run would store ids as they are sent.
        keep["PULSE_USER_ID_KEY"] = settings.user_ids.text
    if valkey_port:
        keep |= {VALKEY_PORT: str(valkey_port), VALKEY_PASSWORD: urlsplit(settings.redis_url).password or ""}
    values = {
        "PULSE_ADMIN_TOKEN": settings.admin_token or "",
        "PULSE_SESSION_KEY": settings.session_key or "",
        "PULSE_REDIS_URL": settings.redis_url,
        **_other_broker(settings),
        "PULSE_DATABASE_URL": settings.database_url,
        "PULSE_PORT": str(settings.port),
        "PULSE_FLOWER_PORT": str(settings.flower_port),
        "PULSE_EVENTS": ",".join(settings.events),
    }
    write_run_file(settings.data_dir, values | keep)
    try:
        yield values
    finally:
        write_run_file(settings.data_dir, keep)


def table(settings: Settings) -> str:
    """What runs and where, and two commands to try it with."""
    web, token = f"http://127.0.0.1:{settings.port}", settings.admin_token or ""
    report = {"videoId": "demo", "event": settings.ranked_event, "userId": "me", "ts": time.time_ns() // 1_000_000}
    rows = {
        "site": f"{web}/",
        "API": f"{web}/analytics",
        "admin": f"{web}/admin",
        "token": token,
        "Flower": f"http://127.0.0.1:{settings.flower_port} (user {USER}, the token is the password)"
        if settings.flower_port
        else "off (PULSE_FLOWER_PORT is 0)",
        "Redis": without_secrets(settings.redis_url),
        "database": without_secrets(settings.database_url),
        "logs": f"{settings.data_dir / 'log'}",
    }
    lines = ["", "pulse is up. Ctrl-C stops everything and keeps the data.", ""]
    lines += [f"  {name:<10}{value}" for name, value in rows.items()]
    lines += [
        "",
        "Report that a video was watched, then read the ranking:",
        "",
        f"  curl -i {web}/analytics -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(report))}",
        f"  curl {web}/admin/analytics/top -H {shlex.quote(f'Authorization: Bearer {token}')}",
        "",
    ]
    return "\n".join(lines)


def _say(line: str) -> None:
    # If the terminal or the reader of the pipe is gone, the ordered stop must go on.
    with suppress(OSError):
        click.echo(line)
