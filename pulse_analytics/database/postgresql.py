"""PostgreSQL, with a timeout on everything that can wait: on the server, for the network, and for a frozen server.

A connection gets its limits when it is opened. A pooler such as PgBouncer drops them. It may also run each transaction
on a different server connection, on which other statements are prepared. So behind a pooler, each transaction sets the
limits itself, and nothing is prepared (docs/decisions/0007-behind-a-pooler.md).
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Self, TypeVar

import psycopg
from psycopg.errors import OperationalError, _WaitTimeout
from sqlalchemy import ARRAY, Dialect, TypeDecorator, event
from sqlalchemy.exc import OperationalError as DatabaseFailed

from pulse_analytics import config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.types import TypeEngine

    from pulse_analytics.config import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")

_CONFLICTS = {"40001", "40P01"}
"""Serialization failure and deadlock: the transaction was undone, and may be tried again."""
_LOOK = """
SELECT pg_backend_pid(), current_setting('statement_timeout') <> '0' AND current_setting('synchronous_commit') = 'on'
"""
"""Which process answers, and whether our limits are set."""


class ArrayText(TypeDecorator[Any]):
    """An array as a parameter, in PostgreSQL's own spelling.

    psycopg spells an array value by value, which took a quarter of the worker's time; this spells it in one step.
    """

    impl = ARRAY
    cache_ok = True

    def __init__(self, item_type: TypeEngine[Any]) -> None:
        super().__init__(item_type)
        self.item_type = item_type  # Statements that differ only in this must not share compiled text.

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ARG002
        """`array_text`."""
        return array_text


def array_text(values: Iterable[object]) -> str:
    """PostgreSQL's text of an array of these values: at least one, and none of them None.

    A NUL, which no text in PostgreSQL can hold, splits its value in two.
    """
    text = "\0".join(map(str, values)).replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + text.replace("\0", '","') + '"}'


def engine_options(settings: Settings) -> dict[str, object]:
    """SQLAlchemy's options for the engine."""
    return {
        "pool_pre_ping": True,
        "connect_args": {
            "connect_timeout": max(2, int(settings.database_timeout_seconds)),
            # The server's default encoding may have no emoji.
            "client_encoding": "utf8",
            # The server's limits end a slow statement; these end the wait for a machine that has disappeared.
            "tcp_user_timeout": _milliseconds(settings),
            "keepalives_idle": max(1, int(settings.database_timeout_seconds)),
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "options": " ".join(f"-c {name}={value}" for name, value in _limits(settings).items()),
        },
    }


def _limits(settings: Settings) -> dict[str, object]:
    return {
        "statement_timeout": _milliseconds(settings),
        "lock_timeout": _milliseconds(settings),
        "idle_in_transaction_session_timeout": _milliseconds(settings),
        # Set whatever the server's default is: events must be on the disk before they are settled.
        "synchronous_commit": "on",
        # A generic plan, made for any parameters, would use the wrong index for some of them.
        "plan_cache_mode": "force_custom_plan",
    }


def _milliseconds(settings: Settings) -> int:
    return int(settings.database_timeout_seconds * 1000)


def prepare(engine: Engine, settings: Settings) -> None:
    """Give every connection of `engine` a client-side timeout, for a server that is connected but frozen, and let every
    transaction set the server's limits if a pooler drops them."""
    patience = settings.database_timeout_seconds + config.DATABASE_GRACE_SECONDS
    set_limits = "; ".join(f"SET LOCAL {name} = {value}" for name, value in _limits(settings).items())

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, args: list[Any], options: dict[str, Any]) -> LimitedConnection:
        return LimitedConnection.open(patience, *args, **options)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if is_pooled(connection):
            connection.exec_driver_sql(set_limits)


def is_pooled(connection: Connection) -> bool:
    """Whether a pooler is between this connection and the server, so that a session may last one transaction only."""
    raw: Any = connection.connection.dbapi_connection
    return bool(raw.is_pooled)


def retried(act: Callable[[], T], times: int) -> T:
    """What `act` returns: a transaction, tried again up to `times` times if the database aborted it for another one."""
    for _ in range(times):
        try:
            return act()
        except DatabaseFailed as error:
            if getattr(error.orig, "sqlstate", None) not in _CONFLICTS:
                raise
    return act()


@contextmanager
def patience(connection: Connection, seconds: float) -> Iterator[None]:
    """Let each statement take up to `seconds`. `connection` is in a transaction, which ends with this context."""
    raw: Any = connection.connection.dbapi_connection
    usual = raw.patience_seconds
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
    raw.patience_seconds = seconds + config.DATABASE_GRACE_SECONDS
    try:
        yield
    finally:
        raw.patience_seconds = usual


class LimitedConnection(psycopg.Connection[Any]):
    """A connection that waits up to `patience_seconds` for an answer, and is closed if none comes.

    A frozen server (stopped by SIGSTOP, or by its hypervisor) enforces no timeout of its own, and its kernel still
    acknowledges the packets that it receives.
    """

    patience_seconds = 0.0
    """0 while it connects: libpq has its own timeout for that."""
    is_pooled = False

    @classmethod
    def open(cls, patience_seconds: float, *args: Any, **options: Any) -> Self:
        """Connect, and detect a pooler. Raises OperationalError."""
        try:
            connection = cls.connect(*args, **options, autocommit=True)
        except OperationalError as error:
            if "unsupported startup parameter" not in str(error):
                raise
            # PgBouncer refuses `options`, unless its `ignore_startup_parameters` lists it.
            connection = cls.connect(*args, **{**options, "options": ""}, autocommit=True)
        try:
            connection.patience_seconds = patience_seconds
            connection.look()
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise
        return connection

    def wait(self, *args: Any, **options: Any) -> Any:
        """Wait for the server. Raises OperationalError after `patience_seconds`."""
        try:
            return super().wait(*args, **{"timeout": self.patience_seconds or None, **options})
        except _WaitTimeout as error:
            self.pgconn.finish()
            raise OperationalError(f"no answer within {self.patience_seconds:g} s") from error

    def look(self) -> None:
        """Detect whether a pooler answers: it makes up a process id, or drops the limits."""
        if self.execute(_LOOK).fetchone() == (self.info.backend_pid, True):
            return
        self.is_pooled = True
        self.prepare_threshold = None
        _say_that_it_is_pooled()


@cache
def _say_that_it_is_pooled() -> None:
    """Log it, once per process."""
    log.warning(
        "PULSE_DATABASE_URL leads to a connection pooler: each transaction sets its limits, and no statement is "
        "prepared. `pulse rebuild` needs the URL of PostgreSQL itself."
    )
