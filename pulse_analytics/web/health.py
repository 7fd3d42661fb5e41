"""GET /healthz: the process lives. GET /readyz: it can keep its promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from pulse_analytics.database import reading
from pulse_analytics.database.migration import migration_fault
from pulse_analytics.errors import TryAgain
from pulse_analytics.ingest.journal import answering
from pulse_analytics.web.problems import problem

if TYPE_CHECKING:
    from flask import Response

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """200: the process lives."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> dict[str, Any] | Response:
    """200: Redis and the database answer and are as they must be; else 503 naming what is not."""
    checks = {"redis": _redis_fault(), "database": _database_fault()}
    faults = {name: fault for name, fault in checks.items() if fault}
    if not faults:
        return {"status": "ready", "checks": dict.fromkeys(checks, "ok")}
    detail = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
    return problem(503, detail, checks={name: fault or "ok" for name, fault in checks.items()})


def _redis_fault() -> str:
    try:
        with answering() as journal:
            foreign = journal.foreign_keys()
    except TryAgain as error:
        return f"Redis does not answer ({type(error.__cause__ or error).__name__})."
    return f"{' and '.join(foreign)}, left by another system: rename or delete it." if foreign else ""


def _database_fault() -> str:
    try:
        with reading() as connection:
            return migration_fault(connection)
    except TryAgain as error:
        return f"the database does not answer ({type(error.__cause__ or error).__name__})."
