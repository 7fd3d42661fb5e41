"""Every setting, its default and its reason. Nothing else reads the environment."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import urlsplit

from flask import current_app

from pulse_analytics.credentials import AdminToken, read_admin_tokens, read_session_key, with_secret_files
from pulse_analytics.errors import ConfigError
from pulse_analytics.events import EVENT_TYPES
from pulse_analytics.redis_urls import UrlError, read_redis_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

#: What `pulse up` chose, in the data directory: lines of NAME=value that a shell can source.
RUN_FILE = "pulse.env"

# The worker. None of these is a promise; each is a compromise between latency, batch size and load.
BATCH_SIZE = 500
"""Journal entries in one transaction: beyond it the time per event no longer falls."""
LINGER_SECONDS = 0.1
"""How long a run waits at an empty journal before it gives up the wake-up flag; a wake-up costs 1 ms of CPU."""
PACE_SECONDS = 0.03
"""Between the beginnings of two batches that are not full: so that events which flow share transactions. One takes some
5 ms of CPU, whatever is in it, and the two workers of a busy machine counted 1.2 times as many."""
RUN_BUDGET_SECONDS = 5.0
"""A run ends after this time and lets another follow, so that a warm shutdown is quick."""
WAKEUP_SECONDS = 3.0
"""How long the wake-up flag outlives its last renewal: a wake-up that is lost delays counting by this much."""
TIMER_SECONDS = 2.0
"""How often a worker looks by itself whether something waits."""
RETRY_BACKOFF_SECONDS = 1
RETRY_BACKOFF_MAX_SECONDS = 5
RETRY_LIMIT = 5
"""Longest time-out of a Celery retry, and how many in one chain. After the last the worker's timer starts anew."""
RUN_LIMIT_SECONDS = 60.0
"""A run that takes so long hangs, on a database that is frozen and ends no wait; its process is killed."""
WORKER_REDIS_TIMEOUT_SECONDS = 5.0
"""The worker has more patience with Redis than a request has."""
BROKER_CHECK_SECONDS = 5
"""A worker that heard nothing of Redis for two of these, and a second, connects anew (kombu's own: 25 s)."""
CONSUMER_IDLE_SECONDS = 600
"""A consumer that has nothing pending and was silent for so long is taken off the group."""
MEMORY_WARNING_SHARE = 0.8
"""The part of Redis' `maxmemory` from which on audit, /readyz and the worker warn."""
MEMORY_LOG_SECONDS = 300.0
"""How often a worker warns of Redis' memory, for each reason."""
WORKER_LATE_SECONDS = 60
"""A worker that was silent for so long counts as dead: after an outage it waits up to 30 s before it connects again."""
WORKER_GONE_SECONDS = 3600
"""A node that has been silent for so long is forgotten: a container that is replaced has another name."""
RUN_STUCK_SECONDS = RUN_LIMIT_SECONDS + 10
"""A run that is still with the pool after this time will never end, as its process should have been killed."""
COUNT_SIZE = 10_000
"""Journal entries that are counted at a time: Redis serves nobody else for the 14 ms that it takes."""

# Audit and rebuild.
RECOUNT_SIZE = 100_000
"""Raw events that one statement recounts: enough to be quick, and the progress bar moves."""
RECOUNT_LIMIT_SECONDS = 3600.0
"""The limit of one statement of a recount: comparing sorts what there is, which grows with the database."""
MEND_SIZE = 1000
"""Counters that one transaction of a rebuild mends: the worker waits for it, for some 20 ms."""
MEND_RETRIES = 5
"""How often such a transaction is tried again if the database chose it to end a deadlock."""
DIFFERENCES_SHOWN = 20

CONNECTION_TRUST_SECONDS = 0.1
"""A connection to Redis that was used so lately is used again without a look whether it is still open."""
SENTINELS_PATIENCE = 0.5
"""The part of PULSE_REDIS_TIMEOUT_SECONDS that all Sentinels together have to say who is the primary."""
REPLICA_PATIENCE = 0.8
"""The part of PULSE_REDIS_TIMEOUT_SECONDS that replicas have: their absence is told before the time-out hides it."""

# Calls of the journal that the requests of an event loop share.
SHARED_CALL_EVENTS = 500
"""Events in one call: Redis serves nobody else for the 5 ms that it takes."""
SHARED_PART_EVENTS = 50
"""Events of one request in a call: a large batch takes several, so that single reports do not wait for all of it."""
SHARED_WAITING_EVENTS = 10_000
"""Events that may wait for a call; it is 503 for more, at once. As many as Redis accepts in about a second."""

HEARTBEAT_SECONDS = 0.1
"""How often a web process says that its event loop turns."""
HEARTBEAT_LATE_SECONDS = 0.5
"""If it has not said so for this long, its spare accepts connections as well."""
SPARE_CORES = 2
"""Up to so many cores, all web processes but one are spares."""

# Servers that hang.
BREAKER_LATE_SECONDS = 0.25
"""A failure that took so long held a thread up: its server is not asked again for a while."""
BREAKER_PAUSE_SECONDS = 0.5
"""That while: how long a server that is well again goes unnoticed."""
BREAKER_PROBE_SECONDS = 60.0
"""One caller asks again; if it has not come back after this time, longer than any limit on it, another one may."""
DATABASE_CONNECTIONS = 4
"""Of one process: no more of a web process's threads wait for a hung database. A worker process needs one."""
POOL_TIMEOUT_SECONDS = 1.0
"""How long a request waits for one of them to be free."""
DATABASE_GRACE_SECONDS = 1.0
"""How much later than the server's own limit on a statement ours ends the wait: the server's error says more."""
MIGRATION_SECONDS = 3600.0
"""One statement of a migration: building an index on many rows takes longer than any other may."""

# The door.
BODY_LIMIT_BYTES = 16 * 1024
BATCH_BODY_LIMIT_BYTES = 1024 * 1024
BATCH_LIMIT_EVENTS = 500
RETRY_AFTER_SECONDS = 2
"""What a 503 asks the player to wait."""
READY_SECONDS = 1.0
"""How old what GET /readyz answers may be: it is public, and looks at Redis and at the database."""
OUTAGE_LOG_SECONDS = 5.0
"""How often a web process says why it answers 503, for each reason."""
PREFLIGHT_SECONDS = 86_400

# Slow clients.
REQUEST_SECONDS = 10.0
"""A request is whole this long after its first byte, or its connection ends: a phone sends 1 MiB in that time."""
BODY_SECONDS = 9.0
"""Its body, after the head; less than REQUEST_SECONDS, so that the 408 is sent before the connection ends."""
READING_SECONDS = 10.0
"""An answer of which a client has taken nothing for this long is given up."""
CLOSING_SECONDS = 2.0
"""So long the rest of a request is thrown away that was answered before its end: a connection that is closed with
something unread is reset, and the answer may be lost on its way."""
HEAD_LIMIT_BYTES = 32 * 1024
HEAD_LIMIT_FIELDS = 100
"""The limits of a head: a browser with many cookies sends 16 kB and 30 fields."""
UNSENT_BYTES = 64 * 1024
"""What the kernel holds of an answer and has not sent: with its own 2.5 MB, a slow reader looks like a stopped one."""
FILE_BLOCK_BYTES = 64 * 1024
"""What is read of a static file at a time: as much as uvicorn holds before it waits for the reader."""

# The threads of the WSGI application. None of them waits for a client, and one that is idle costs nothing.
WSGI_THREADS = 8
"""For short answers: twice as many as can wait for a hung database at /readyz (DATABASE_CONNECTIONS)."""
REPORTS_PATH = "/admin/analytics"
"""What is slow: answers below it have threads of their own, so that no other answer queues behind them."""
EXPORT_PATH = f"{REPORTS_PATH}/export.csv"
REPORT_THREADS = 3
EXPORT_THREADS = 1
"""Together as many as there are connections to the database: nobody waits for one. The one takes a piece of each export
in turn, so that a hundred exports hold up no report."""

# The admin's door.
SESSION_SECONDS = 12 * 3600
"""A day's work: who signed in in the morning is asked again the next."""
SIGN_IN_TRIES = 5
SIGN_IN_SECONDS = 60
"""So many wrong tries of one address in so many seconds; the next one has to wait for their end."""
CLOCK_SKEW_SECONDS = 60
"""So far ahead may the clock of the web host be that signed a session."""
SESSION_KEY_SECONDS = 60.0
"""How long a web process uses the session key of Redis without a look whether it is still there."""

_LONGEST_SECONDS = 10**9
_HOST = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings in force, one attribute for each `PULSE_*` variable.

    Read them with `Settings.load()`; inside the application, with `current_settings()`.
    """

    data_dir: Path = Path("var")
    """Where `pulse up` keeps its servers' data, its logs and what it chose."""
    database_url: str = "sqlite:///var/pulse.db"
    """SQLAlchemy's URL of a SQLite or PostgreSQL database."""
    redis_url: str = "redis://127.0.0.1:6379/0"
    """Journal and dedupe keys: one server, or one primary at a time, because claim and append must be one step."""
    broker_url: str = redis_url
    """Celery's wake-ups; by default, the same server."""
    admin_token: str | None = field(default=None, repr=False)
    """That of PULSE_ADMIN_TOKEN alone: what `pulse up` makes."""
    admin_tokens: tuple[AdminToken, ...] = ()
    """All tokens of the admin API, also that of PULSE_ADMIN_TOKEN; without any it answers 503."""
    session_key: str | None = field(default=None, repr=False)
    """What signs sessions; None: a key that all web processes share in Redis."""
    dedupe_ttl_seconds: int = 86_400
    """One count per viewer and video in this time. 0: every report counts."""
    events: tuple[str, ...] = ("watched_50_percent",)
    """The event types that are accepted: names of `pulse_analytics.events.EVENT_TYPES`."""
    cors_origins: tuple[str, ...] = ()
    """The sites, other than this one, whose players may post to `/analytics`."""
    trusted_proxies: int = 0
    """How many proxies stand in front: so many items of X-Forwarded-For and -Proto, from the right, are believed."""
    trusted_hosts: tuple[str, ...] = ()
    """The names that requests may be for, in small letters; `.video.example` is also each name below it. None: any."""
    port: int = 8000
    flower_port: int = 5555
    """0: no Flower."""
    redis_replicas: int = 0
    """How many replicas must have an accepted event before it is answered with 202."""
    redis_timeout_seconds: float = 1.0
    """One answer of Redis on the request path; a 503 must come within 2 s, and a retry is harmless."""
    database_timeout_seconds: float = 10.0
    """One statement, one lock and one connection attempt."""
    stale_after_seconds: float = 30.0
    """A batch that is not settled after this time is taken over from its worker."""
    remote_control: bool = True
    """Whether workers obey Celery's remote control, which Flower and `celery inspect` need."""

    heartbeat_dir: Path | None = None
    """Where web processes say that their event loops turn; `pulse up` sets it."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The settings from the environment, then from what `pulse up` chose, then the defaults.

        Raises ConfigError if a value cannot work.
        """
        environ = os.environ if environ is None else environ
        data_dir = Path(environ.get("PULSE_DATA_DIR") or cls.data_dir).absolute()
        given = with_secret_files({name: value for name, value in environ.items() if value})
        return cls.parse({**read_run_file(data_dir), **given}, data_dir)

    @classmethod
    def parse(cls, values: Mapping[str, str], data_dir: Path) -> Self:
        """The settings from `PULSE_*` values as text. Raises ConfigError if a value cannot work."""
        settings = cls(
            data_dir=data_dir,
            database_url=_database_url(values.get("PULSE_DATABASE_URL") or f"sqlite:///{data_dir / 'pulse.db'}"),
            redis_url=_redis_url(values, "PULSE_REDIS_URL", cls.redis_url),
            broker_url=_redis_url(values, "PULSE_BROKER_URL", values.get("PULSE_REDIS_URL") or cls.broker_url),
            admin_token=values.get("PULSE_ADMIN_TOKEN") or None,
            admin_tokens=read_admin_tokens(values),
            session_key=read_session_key(values),
            dedupe_ttl_seconds=_whole_number(values, "PULSE_DEDUPE_TTL_SECONDS", cls.dedupe_ttl_seconds),
            events=_events(_words(values, "PULSE_EVENTS") or cls.events),
            cors_origins=_origins(_words(values, "PULSE_CORS_ORIGINS")),
            trusted_proxies=_whole_number(values, "PULSE_TRUSTED_PROXIES", cls.trusted_proxies),
            trusted_hosts=_hosts(_words(values, "PULSE_TRUSTED_HOSTS")),
            port=_port(values, "PULSE_PORT", cls.port, lowest=1),
            flower_port=_port(values, "PULSE_FLOWER_PORT", cls.flower_port, lowest=0),
            redis_replicas=_whole_number(values, "PULSE_REDIS_REPLICAS", cls.redis_replicas),
            redis_timeout_seconds=_number(values, "PULSE_REDIS_TIMEOUT_SECONDS", cls.redis_timeout_seconds),
            database_timeout_seconds=_number(values, "PULSE_DATABASE_TIMEOUT_SECONDS", cls.database_timeout_seconds),
            stale_after_seconds=_number(values, "PULSE_STALE_AFTER_SECONDS", cls.stale_after_seconds),
            remote_control=_switch(values, "PULSE_REMOTE_CONTROL", default=cls.remote_control),
            heartbeat_dir=Path(folder) if (folder := values.get("PULSE_HEARTBEAT_DIR")) else None,
        )
        if settings.stale_after_seconds <= settings.database_timeout_seconds:
            raise ConfigError("PULSE_STALE_AFTER_SECONDS must be longer than PULSE_DATABASE_TIMEOUT_SECONDS.")
        return settings

    def install(self, app: Flask) -> None:
        """Make these the settings that `current_settings()` answers with in `app`."""
        app.extensions["pulse_settings"] = self


def current_settings() -> Settings:
    """The settings of the current application."""
    return cast("Settings", current_app.extensions["pulse_settings"])


def read_run_file(data_dir: Path) -> dict[str, str]:
    """What `pulse up` chose for this data directory: `PULSE_*` names and their values; empty if it never ran."""
    try:
        text = (data_dir / RUN_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"PULSE_DATA_DIR holds a file that cannot be read: {error}.") from error
    pairs = (word.partition("=") for word in shlex.split(text, comments=True) if "=" in word)
    return {name: value for name, _, value in pairs}


def _database_url(url: str) -> str:
    """`url` with the driver that we depend on, whatever dialect of the scheme an operator writes."""
    scheme, separator, rest = url.partition("://")
    if scheme in {"postgres", "postgresql", "postgresql+psycopg"} and _has_port(url):
        return f"postgresql+psycopg{separator}{rest}"
    path, _, query = rest.removeprefix("/").partition("?")
    if scheme != "sqlite" or not path:
        raise ConfigError("PULSE_DATABASE_URL must be sqlite:///a-file or postgresql://user:password@host/database.")
    # Flask-SQLAlchemy would take a relative path from its instance folder, not from where the operator stands.
    return f"sqlite:///{Path(path).absolute()}" + (f"?{query}" if query else "")


def _redis_url(values: Mapping[str, str], name: str, default: str) -> str:
    url = values.get(name) or default
    try:
        read_redis_url(url)
    except UrlError as error:
        raise ConfigError(f"{name} {error}") from error
    return url


def _has_port(url: str) -> bool:
    """Whether the port of `url` is one, or is left out."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _events(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in names if name not in EVENT_TYPES]
    if unknown:
        raise ConfigError(f"PULSE_EVENTS names {', '.join(unknown)}; known are: {', '.join(EVENT_TYPES)}.")
    return names


def _number(values: Mapping[str, str], name: str, default: float) -> float:
    try:
        number = float(values.get(name) or default)
    except ValueError:
        number = 0
    if not 0 < number <= _LONGEST_SECONDS:
        raise ConfigError(f"{name} must be a number of seconds above 0, not {values.get(name)!r}.")
    return number


def _whole_number(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and int(text) <= _LONGEST_SECONDS):
        raise ConfigError(f"{name} must be a whole number, 0 or more, not {text!r}.")
    return int(text)


def _switch(values: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = values.get(name) or ("on" if default else "off")
    if text not in {"on", "off"}:
        raise ConfigError(f"{name} must be on or off, not {text!r}.")
    return text == "on"


def _port(values: Mapping[str, str], name: str, default: int, *, lowest: int) -> int:
    text = values.get(name) or str(default)
    if not (text.isascii() and text.isdecimal()) or not lowest <= int(text) <= 65_535:
        raise ConfigError(f"{name} must be a port from {lowest} to 65535, not {text!r}.")
    return int(text)


def _words(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values.get(name, "").replace(",", " ").split()))


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        scheme, _, host = origin.partition("://")
        if scheme not in {"http", "https"} or not host or set(host) & set("/*?#@"):
            raise ConfigError(f"PULSE_CORS_ORIGINS takes origins such as https://video.example, not {origin!r}.")
    return origins


def _hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise ConfigError(
                "PULSE_TRUSTED_HOSTS takes hosts without a port: video.example, .video.example (with all below it), "
                f"192.0.2.1 or [2001:db8::1]; not {host!r}."
            )
    return tuple(host.lower() for host in hosts)
