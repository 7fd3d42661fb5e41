"""GET /healthz: the process is alive. GET /readyz: it can accept reports and answer them."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from flask import Blueprint, current_app
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.sentinel import MasterNotFoundError

from pulse_analytics.config import READY_SECONDS
from pulse_analytics.database import reading
from pulse_analytics.database.migration import migration_fault
from pulse_analytics.errors import TryAgain, in_short
from pulse_analytics.ingest.journal import answering
from pulse_analytics.web.problems import problem

if TYPE_CHECKING:
    from flask import Flask, Response

blueprint = Blueprint("health", __name__)

_NAMES = ("redis", "database")
_PATIENCE_SECONDS = 0.25
"""Longer than both checks take, and short, because each waiting request holds a thread."""


class Check(NamedTuple):
    """The result of checking one server."""

    fault: str = ""
    """Why it is not ready; empty: it is."""
    note: str = ""
    """What an operator should know although the server is ready."""

    def __str__(self) -> str:
        return self.fault or (f"ok, but: {self.note}" if self.note else "ok")


class Ready(TypedDict):
    """The body of GET /readyz if both servers are ready."""

    status: str
    checks: dict[str, str]
    """By server: `ok`, perhaps with a note."""


class Readiness:
    """What is wrong with Redis and the database, checked at most every READY_SECONDS, by one request at a time."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._checks: dict[str, Check] = {}
        self._looked_at = -math.inf

    def checks(self) -> dict[str, Check]:
        """The result for each of the two servers. Other requests wait _PATIENCE_SECONDS for the one that checks; after
        that, their answer is that the servers have not answered yet."""
        if self._is_old() and self._looking.acquire(timeout=_PATIENCE_SECONDS):
            try:
                if self._is_old():
                    looked_at = time.monotonic()
                    self._checks = {"redis": _check_redis(), "database": Check(_database_fault())}
                    self._looked_at = looked_at
                return self._checks
            finally:
                self._looking.release()
        return (
            dict.fromkeys(_NAMES, Check(f"no answer within {_PATIENCE_SECONDS:g} s."))
            if self._is_old()
            else self._checks
        )

    def _is_old(self) -> bool:
        return time.monotonic() - self._looked_at > READY_SECONDS


def init_health(app: Flask) -> None:
    """Give `app` its readiness."""
    app.extensions["pulse_readiness"] = Readiness()


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """200: the process lives."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> Ready | Response:
    """200: Redis accepts reports, and the database answers and is migrated; else 503, which names each fault."""
    readiness: Readiness = current_app.extensions["pulse_readiness"]
    checks = readiness.checks()
    said = {name: str(check) for name, check in checks.items()}
    faults = [f"{name}: {check.fault}" for name, check in checks.items() if check.fault]
    return problem(503, "; ".join(faults), checks=said) if faults else {"status": "ready", "checks": said}


def _check_redis() -> Check:
    try:
        with answering() as journal:
            foreign = journal.foreign_keys()
            if foreign:
                return Check(f"{' and '.join(foreign)}, left by another system: rename or delete it.")
            journal.probe()
            memory = journal.memory()
    except TryAgain as error:
        cause = error.__cause__
        if isinstance(cause, MasterNotFoundError):
            return Check(f"{cause}")  # It names who does not answer.
        if isinstance(cause, RedisError) and not isinstance(cause, RedisConnectionError | RedisTimeoutError):
            return Check(f"Redis takes no reports: {in_short(cause)}")
        return Check(f"Redis does not answer ({type(cause or error).__name__}).")
    return Check(note=" ".join(memory.notes()) if memory else "")


def _database_fault() -> str:
    try:
        with reading() as connection:
            return migration_fault(connection)
    except TryAgain as error:
        return f"the database does not answer ({type(error.__cause__ or error).__name__})."
