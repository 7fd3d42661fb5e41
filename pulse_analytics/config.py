"""Every setting, its default and its reason. Nothing else reads the environment.

A constant's reason names where it was measured. One that names no measurement was chosen, and not compared with others.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from flask import current_app

from pulse_analytics import values as read
from pulse_analytics.credentials import AdminToken, read_admin_tokens, read_session_key, with_secret_files
from pulse_analytics.errors import ConfigError
from pulse_analytics.events import DEFAULT_EVENT
from pulse_analytics.user_ids import UserIds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

#: The file in the data directory with the values that `pulse up` chose: lines of NAME=value that a shell can source.
RUN_FILE = "pulse.env"

# The worker. None of these is a promise; each is a compromise between latency, batch size and load.
BATCH_SIZE = 500
"""Journal entries per transaction. A larger batch does not lower the time per event any further."""
LINGER_SECONDS = 0.1
"""How long a run waits for an entry before it drops the wake-up flag. A wake-up costs 1 ms of CPU."""
PACE_SECONDS = 0.03
"""After a batch that is not full, the next one starts this long after it started, so that events share transactions.
A transaction takes about 5 ms of CPU whatever its size. With this pause, the two workers of a busy machine counted 1.2
times as many events (docs/performance.md, "What was done for it")."""
RUN_BUDGET_SECONDS = 5.0
"""A run ends after this time and lets another follow, so that a warm shutdown is quick."""
WAKEUP_SECONDS = 3.0
"""How long the wake-up flag lives after its last renewal. A lost wake-up delays counting by this much."""
TIMER_SECONDS = 2.0
"""How often a worker checks on its own whether entries wait."""
RETRY_BACKOFF_SECONDS = 1
RETRY_BACKOFF_MAX_SECONDS = 5
RETRY_LIMIT = 5
"""How many Celery retries follow each other, with a back-off from RETRY_BACKOFF_SECONDS to RETRY_BACKOFF_MAX_SECONDS.
After the last one, the worker's timer starts a new run."""
RUN_LIMIT_SECONDS = 60.0
"""Hard time limit of a run. Only a frozen database, which ends no wait, makes a run last this long; its process is
killed."""
WORKER_REDIS_TIMEOUT_SECONDS = 5.0
"""The Redis timeout of a worker, which can wait longer than a request can."""
UNKNOWN_EVENT_LOG_SECONDS = 300.0
"""How often a worker process logs the same event that it does not know."""
BROKER_CHECK_SECONDS = 5
"""A worker that received nothing from Redis for twice this long plus 1 s reconnects (kombu's default: 25 s)."""
CONSUMER_IDLE_SECONDS = 600
"""A consumer that has nothing pending and has been idle this long is removed from the consumer group."""
MEMORY_WARNING_SHARE = 0.8
"""From this share of Redis' `maxmemory` on, audit, /readyz and the worker warn."""
MEMORY_LOG_SECONDS = 300.0
"""How often a worker logs the same warning about Redis' memory."""
WORKER_LATE_SECONDS = 60
"""A worker that has been silent this long counts as dead. After an outage, a live one may wait 30 s to reconnect."""
WORKER_GONE_SECONDS = 3600
"""A node that has been silent this long is forgotten: the container that replaces it has another name."""
RUN_STUCK_SECONDS = RUN_LIMIT_SECONDS + 10
"""A run that is still in the pool after this time will never end: its process should have been killed by then."""
COUNT_SIZE = 10_000
"""Journal entries counted by one script call, which blocks Redis for 14 ms."""

TRACES_SIZE = 1000
"""Entries or keys that one call looks at for those of one user: 1.5 ms. A slow call would be in Redis' slow log, and
the user's id with it."""

# Audit and rebuild.
RECOUNT_SIZE = 100_000
"""Raw events that one statement recounts: enough to be fast, and few enough that the progress bar moves."""
RECOUNT_LIMIT_SECONDS = 3600.0
"""Timeout of one statement of a recount. Comparing sorts all counters, which takes longer as the database grows."""
MEND_SIZE = 1000
"""Counters that one transaction of a rebuild corrects. It makes the worker wait for about 20 ms."""
MEND_RETRIES = 5
"""How often such a transaction is retried if the database aborted it to end a deadlock."""
ARCHIVE_SIZE = 2500
"""Raw events that one transaction looks at, to move them into the archive or to erase them. If all of them go, it takes
50 ms, on SQLite and on PostgreSQL: 20 us each. Of 500 it took 50 to 80 us each, and of 5,000 to 20,000 no less than of
2,500 (200,000 raw events, a shared machine with two cores). Meanwhile, nobody else can write to SQLite."""
ARCHIVE_RETRIES = 5
"""How often such a transaction is retried if the database aborted it for another one's sake."""
ARCHIVE_PAUSE_SECONDS = 0.15
"""On SQLite, how long `pulse expire` waits between two such transactions. SQLite lets a writer that waits try again
after 100 ms at the latest: without the pause it could find the database locked for as long as the command runs."""
LONGEST_RETENTION_DAYS = 36_500
"""A hundred years: who means longer means 0, which keeps raw events."""
EXPIRE_RUN_SECONDS = 1.0
"""How long one run of a worker's own `pulse expire` occupies a process of its pool before entries get their turn."""
EXPIRE_EVERY_SECONDS = 86_400
"""How long after its end the next such pass begins."""
EXPIRE_CHECK_SECONDS = 600.0
"""How often each worker's timer checks whether a pass is due."""
EXPIRE_LEASE_SECONDS = 180
"""How long a pass may do nothing before another one may begin. Longer than RUN_LIMIT_SECONDS, and than a run waits in
the queue behind runs that count."""
PSEUDONYMISE_PASSES = 5
"""How often `pulse pseudonymise` goes through everything until it finds nothing. Usually twice."""
PSEUDONYMISE_PATIENCE_SECONDS = 30.0
"""How much longer than PULSE_STALE_AFTER_SECONDS it waits while no worker records what it waits for."""
PSEUDONYMISE_PAUSE_SECONDS = 0.1
"""How often it looks whether they did."""
ERASE_SIZE = 500
"""Raw events of one user that one transaction erases, of the next RECOUNT_SIZE ones of all users."""
ERASURE_PATIENCE_SECONDS = 30.0
"""How much longer than PULSE_STALE_AFTER_SECONDS `pulse forget` waits while no worker settles anything."""
ERASURE_PAUSE_SECONDS = 0.2
"""How often `pulse forget` looks whether the reports that it waits for are recorded."""
ERASURE_LEASE_SECONDS = 10.0
"""How long after the start of an erasure's last run a worker's timer sends another one."""
EXPORT_SIZE = 1000
"""Raw events that an export of one user holds in memory."""
DIFFERENCES_SHOWN = 20
"""Wrong rows that an audit prints; the rest are only counted."""

CONNECTION_TRUST_SECONDS = 0.1
"""A Redis connection used within this time is reused without a check that it is still open."""
SENTINELS_PATIENCE = 0.5
"""The share of PULSE_REDIS_TIMEOUT_SECONDS in which all Sentinels together must name the primary."""
REPLICA_PATIENCE = 0.8
"""The share of PULSE_REDIS_TIMEOUT_SECONDS that WAIT waits for replicas, so that the error names them and not the
socket's timeout."""

# The journal calls that the requests of one event loop share.
SHARED_CALL_EVENTS = 500
"""Events in one call, which blocks Redis for 5 ms."""
SHARED_PART_EVENTS = 50
"""Events of one request in one call. A large batch takes several calls, so that single reports need not wait for it.
With 100, their p99 beside batches was 30 ms, with 50 about 20 ms (docs/performance.md, "What was done for it")."""
SHARED_WAITING_EVENTS = 10_000
"""Events that may wait for a call; more are answered 503 at once. Redis accepts this many in about a second."""

HEARTBEAT_SECONDS = 0.1
"""How often a web process signals that its event loop runs."""
HEARTBEAT_LATE_SECONDS = 0.5
"""If a web process has not signalled for this long, its spare accepts connections as well."""
SPARE_CORES = 2
"""On a machine with up to this many cores, all web processes but one are spares: on two cores, one that accepts
answered 1.42 times as many reports as two (docs/decisions/0006-a-spare-process.md)."""

# Servers that hang.
BREAKER_LATE_SECONDS = 0.25
"""A failure that took this long blocked a thread, so the breaker opens: nobody calls the server for a while."""
BREAKER_PAUSE_SECONDS = 0.5
"""How long the breaker stays open, and so the longest that a recovered server goes unnoticed."""
BREAKER_PROBE_SECONDS = 60.0
"""After the pause, one caller probes the server. If it has not returned after this time, which is longer than any
timeout of its call, another caller may probe."""
DATABASE_CONNECTIONS = 4
"""Connections per process, and so the most threads of a web process that a hung database can block. A worker process
needs one. docs/operations.md says what that adds up to on the server."""
POOL_TIMEOUT_SECONDS = 1.0
"""How long a request waits for a free connection."""
DATABASE_GRACE_SECONDS = 1.0
"""How long after the server's statement_timeout our own timeout ends the wait: the server's error says more."""
MIGRATION_SECONDS = 3600.0
"""Timeout of one statement of a migration: building an index on many rows takes longer than other statements may."""

# Requests.
BODY_LIMIT_BYTES = 16 * 1024
"""A report with the longest ids takes at most 4 kB, even if each character is escaped."""
BATCH_BODY_LIMIT_BYTES = 1024 * 1024
BATCH_LIMIT_EVENTS = 500
"""In UTF-8, this many reports with the longest ids take 0.6 MB. One transaction of the worker records as many."""
RETRY_AFTER_SECONDS = 2
"""The Retry-After of a 503: how long the player waits."""
READY_SECONDS = 1.0
"""How old the answer of GET /readyz may be. It is public, and each check queries Redis and the database."""
OUTAGE_LOG_SECONDS = 5.0
"""How often a web process logs the same reason for answering 503."""
PREFLIGHT_SECONDS = 86_400
"""How long a browser may reuse the answer to a preflight: the most that Firefox accepts. Chromium caps it at 2 h."""

# Slow clients.
REQUEST_SECONDS = 10.0
"""A request must be complete this long after its first byte, or its connection is closed. A phone sends 1 MiB in that
time."""
BODY_SECONDS = 9.0
"""The body must be complete this long after the head. It is less than REQUEST_SECONDS, so that the 408 is sent before
the connection is closed."""
READING_SECONDS = 10.0
"""If a client has read nothing of an answer for this long, the answer is given up."""
CLOSING_SECONDS = 2.0
"""If a request is answered before its end, the rest of it is read and discarded for up to this long. Closing a
connection with unread data resets it, and the answer may be lost on its way."""
HEAD_LIMIT_BYTES = 32 * 1024
HEAD_LIMIT_FIELDS = 100
"""The limits of a request's head. A browser with many cookies sends 16 kB and 30 fields."""
UNSENT_BYTES = 64 * 1024
"""How much unsent data of an answer the kernel buffers. With its default of 2.5 MB, a slow reader looks like one that
has stopped."""
FILE_BLOCK_BYTES = 64 * 1024
"""How much of a static file is read at a time: as much as uvicorn buffers before it waits for the client."""

# The threads of the WSGI application. None of them waits for a client, and one that is idle costs nothing.
WSGI_THREADS = 8
"""Threads for short answers: twice as many as a hung database can block at /readyz (DATABASE_CONNECTIONS)."""
REPORTS_PATH = "/admin/analytics"
"""Reports are slow. Answers below this path have threads of their own, so that no other answer queues behind them."""
EXPORT_PATH = f"{REPORTS_PATH}/export.csv"
CATALOGUE_PATH = "/admin/videos"
"""The catalogue, which is answered by the threads of the reports. (Below this path are pages.)"""
REPORT_THREADS = 3
EXPORT_THREADS = 1
"""Report and export threads together are as many as the database connections, so that no thread waits for one. The
export thread makes one chunk of each export in turn, so that a hundred exports delay no report."""

# Signing in to the admin page.
SESSION_SECONDS = 12 * 3600
"""A working day: an admin who signs in in the morning has to sign in again the next morning."""
SIGN_IN_TRIES = 5
SIGN_IN_SECONDS = 60
"""After SIGN_IN_TRIES wrong tokens from one address within SIGN_IN_SECONDS, further tries get 429 until that time is
over."""
CLOCK_SKEW_SECONDS = 60
"""How far ahead the clock of the web host that signed a session may be."""
SESSION_KEY_SECONDS = 60.0
"""How long a web process uses the session key from Redis without a check that it is still there."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings in force, one attribute for each `PULSE_*` variable.

    Read them with `Settings.load()`; inside the application, with `current_settings()`.
    """

    data_dir: Path = Path("var")
    """Where `pulse up` keeps its servers' data, its logs and the values that it chose."""
    database_url: str = "sqlite:///var/pulse.db"
    """The URL of a SQLite or PostgreSQL database, as SQLAlchemy spells it."""
    redis_url: str = "redis://127.0.0.1:6379/0"
    """The Redis of journal and dedupe keys: one server, or one primary at a time, because claim and append must be one
    atomic step."""
    broker_url: str = redis_url
    """The broker of Celery's wake-ups; by default, the same server."""
    admin_token: str | None = field(default=None, repr=False)
    """The token of PULSE_ADMIN_TOKEN only, which `pulse up` generates."""
    admin_tokens: tuple[AdminToken, ...] = ()
    """All tokens of the admin API, including that of PULSE_ADMIN_TOKEN. Without any, the admin API answers 503."""
    session_key: str | None = field(default=None, repr=False)
    """The key that signs sessions. None: a key that all web processes share in Redis."""
    user_ids: UserIds = field(default=UserIds(), repr=False)
    """What user ids are stored as. Without PULSE_USER_ID_KEY: as they are sent."""
    dedupe_ttl_seconds: int = 86_400
    """One count per viewer and video in this time. 0: every report counts."""
    retention_days: int = 0
    """Raw events that were received longer ago are deleted; their counts stay. 0: raw events are kept."""
    events: tuple[str, ...] = (DEFAULT_EVENT,)
    """The event types that are accepted: names of `events.EVENT_TYPES`, in the order of their shares."""
    cors_origins: tuple[str, ...] = ()
    """The sites, other than this one, whose players may post to `/analytics`."""
    trusted_proxies: int = 0
    """How many proxies stand in front. This many items of X-Forwarded-For and -Proto, from the right, are trusted."""
    trusted_hosts: tuple[str, ...] = ()
    """The hosts that requests may name, in lower case; `.video.example` includes all names below it. Empty: any."""
    port: int = 8000
    flower_port: int = 5555
    """0: no Flower."""
    redis_replicas: int = 0
    """How many replicas must have an accepted event before it is answered with 202."""
    redis_timeout_seconds: float = 1.0
    """Timeout of one Redis call on the request path. A 503 must come within 2 s, and a retry is harmless."""
    database_timeout_seconds: float = 10.0
    """Timeout of one statement, one lock and one connection attempt."""
    stale_after_seconds: float = 30.0
    """A batch that is not settled after this time is stale: another worker takes it."""
    remote_control: bool = True
    """Whether workers obey Celery's remote control, which Flower and `celery inspect` need."""

    heartbeat_dir: Path | None = None
    """Where web processes signal that their event loops run; set by `pulse up`."""

    @property
    def ranked_event(self) -> str:
        """The event type that reports rank by, unless they are asked for another one."""
        return DEFAULT_EVENT if DEFAULT_EVENT in self.events else self.events[0]

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
            database_url=read.database_url(values.get("PULSE_DATABASE_URL") or f"sqlite:///{data_dir / 'pulse.db'}"),
            redis_url=read.redis_url(values, "PULSE_REDIS_URL", cls.redis_url),
            broker_url=read.redis_url(values, "PULSE_BROKER_URL", values.get("PULSE_REDIS_URL") or cls.broker_url),
            admin_token=values.get("PULSE_ADMIN_TOKEN") or None,
            admin_tokens=read_admin_tokens(values),
            session_key=read_session_key(values),
            user_ids=UserIds.parse(values.get("PULSE_USER_ID_KEY", "")),
            dedupe_ttl_seconds=read.whole_number(values, "PULSE_DEDUPE_TTL_SECONDS", cls.dedupe_ttl_seconds),
            retention_days=read.whole_number(
                values, "PULSE_RETENTION_DAYS", cls.retention_days, LONGEST_RETENTION_DAYS
            ),
            events=read.event_types(read.words(values, "PULSE_EVENTS") or cls.events),
            cors_origins=read.origins(read.words(values, "PULSE_CORS_ORIGINS")),
            trusted_proxies=read.whole_number(values, "PULSE_TRUSTED_PROXIES", cls.trusted_proxies),
            trusted_hosts=read.hosts(read.words(values, "PULSE_TRUSTED_HOSTS")),
            port=read.port(values, "PULSE_PORT", cls.port, lowest=1),
            flower_port=read.port(values, "PULSE_FLOWER_PORT", cls.flower_port, lowest=0),
            redis_replicas=read.whole_number(values, "PULSE_REDIS_REPLICAS", cls.redis_replicas),
            redis_timeout_seconds=read.number(values, "PULSE_REDIS_TIMEOUT_SECONDS", cls.redis_timeout_seconds),
            database_timeout_seconds=read.number(
                values, "PULSE_DATABASE_TIMEOUT_SECONDS", cls.database_timeout_seconds
            ),
            stale_after_seconds=read.number(values, "PULSE_STALE_AFTER_SECONDS", cls.stale_after_seconds),
            remote_control=read.switch(values, "PULSE_REMOTE_CONTROL", default=cls.remote_control),
            heartbeat_dir=Path(folder) if (folder := values.get("PULSE_HEARTBEAT_DIR")) else None,
        )
        if settings.stale_after_seconds <= settings.database_timeout_seconds:
            raise ConfigError("PULSE_STALE_AFTER_SECONDS must be longer than PULSE_DATABASE_TIMEOUT_SECONDS.")
        return settings

    def install(self, app: Flask) -> None:
        """Make these the settings that `current_settings()` returns in `app`."""
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
