"""PostgreSQL, with a limit on everything that can wait: on the server, for the network, and for a frozen server.

A connection is given its limits when it starts. A pooler such as PgBouncer drops them, and may hand each transaction to
another connection of the server, which may have prepared other statements: behind one, each transaction sets the limits
itself, and nothing is prepared (docs/decisions/0007-behind-a-pooler.md).
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg.errors import OperationalError, _WaitTimeout
from sqlalchemy import ARRAY, Dialect, TypeDecorator, event

from pulse_analytics import config

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.types import TypeEngine

    from pulse_analytics.config import Settings

log = logging.getLogger(__name__)

_LOOK = """
SELECT pg_backend_pid(), current_setting('statement_timeout') <> '0' AND current_setting('synchronous_commit') = 'on'
"""
"""Who answers, and with limits or without."""


class ArrayText(TypeDecorator[Any]):
    """An array as a parameter, in PostgreSQL's own spelling.

    psycopg spells an array value by value, which took a quarter of the worker's time; this takes the whole in one go.
    """

    impl = ARRAY
    cache_ok = True

    def __init__(self, item_type: TypeEngine[Any]) -> None:
        super().__init__(item_type)
        self.item_type = item_type  # Statements that differ only in this must not share their text.

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ARG002
        """`array_text`."""
        return array_text


def array_text(values: Iterable[object]) -> str:
    """At least one value, none of them None, as PostgreSQL's text of an array of them.

    A NUL, which no text in PostgreSQL can hold, comes out as a value too many.
    """
    text = "\0".join(map(str, values)).replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + text.replace("\0", '","') + '"}'


def engine_options(settings: Settings) -> dict[str, object]:
    """SQLAlchemy's options for the engine."""
    return {
        "pool_pre_ping": True,
        "connect_args": {
            "connect_timeout": max(2, int(settings.database_timeout_seconds)),
            # Else the server's own, in which an emoji may have no place.
            "client_encoding": "utf8",
            # The server's limits end a slow statement; these end the wait for a machine that is no longer there.
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
        # Whatever the server's default is: what is settled must be on the disk.
        "synchronous_commit": "on",
        # A plan made for any parameters would take the wrong index for some of them.
        "plan_cache_mode": "force_custom_plan",
    }


def _milliseconds(settings: Settings) -> int:
    return int(settings.database_timeout_seconds * 1000)


def prepare(engine: Engine, settings: Settings) -> None:
    """Give every connection of `engine` a limit of its own, for a server that is there and frozen, and have every
    transaction set the server's limits where a pooler drops them."""
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
    """Whether a pooler lies between this connection and the server, so that a session may last one transaction only."""
    raw: Any = connection.connection.dbapi_connection
    return bool(raw.is_pooled)


@contextmanager
def patience(connection: Connection, seconds: float) -> Iterator[None]:
    """Let each statement take up to `seconds`, in a transaction of `connection` that has begun and ends with this."""
    raw: Any = connection.connection.dbapi_connection
    usual = raw.patience_seconds
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
    raw.patience_seconds = seconds + config.DATABASE_GRACE_SECONDS
    try:
        yield
    finally:
        raw.patience_seconds = usual


class LimitedConnection(psycopg.Connection[Any]):
    """A connection that waits for an answer no longer than `patience_seconds`, and is closed then.

    A server that is frozen (stopped by SIGSTOP, or by its hypervisor) enforces no time-out of its own, and its kernel
    goes on to acknowledge what it is sent.
    """

    patience_seconds = 0.0
    """0, while it connects: libpq has a limit for that."""
    is_pooled = False

    @classmethod
    def open(cls, patience_seconds: float, *args: Any, **options: Any) -> Self:
        """Connect, and find out whether to a pooler. Raises OperationalError."""
        try:
            connection = cls.connect(*args, **options, autocommit=True)
        except OperationalError as error:
            if "unsupported startup parameter" not in str(error):
                raise
            # PgBouncer's, unless its `ignore_startup_parameters` says otherwise.
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
        """Wait for the server. Raises OperationalError if it takes too long."""
        try:
            return super().wait(*args, **{"timeout": self.patience_seconds or None, **options})
        except _WaitTimeout as error:
            self.pgconn.finish()
            raise OperationalError(f"no answer within {self.patience_seconds:g} s") from error

    def look(self) -> None:
        """Note it if a pooler answers. It makes up a process id; one that did not is noticed if it drops the limits."""
        if self.execute(_LOOK).fetchone() == (self.info.backend_pid, True):
            return
        self.is_pooled = True
        self.prepare_threshold = None
        _say_that_it_is_pooled()


@cache
def _say_that_it_is_pooled() -> None:
    """Once in a process."""
    log.warning(
        "PULSE_DATABASE_URL leads to a connection pooler: each transaction sets its limits, and no statement is "
        "prepared. `pulse rebuild` needs the URL of PostgreSQL itself."
    )
