"""How the commands of `pulse` fail if Redis or the database does: with one sentence."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from sqlalchemy.exc import SQLAlchemyError

from pulse_analytics.config import current_settings
from pulse_analytics.database import db
from pulse_analytics.database.migration import migration_fault
from pulse_analytics.errors import in_short
from pulse_analytics.redis_urls import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def failing_in_a_sentence() -> Iterator[None]:
    """Turn RedisError and SQLAlchemyError into a ClickException. Fails if the database lacks a migration."""
    try:
        with db.engine.connect() as connection:
            fault = migration_fault(connection)
        if fault:
            raise click.ClickException(f"The database schema is out of date: {fault}")
        yield
    except RedisError as error:
        raise redis_failure(error) from error
    except SQLAlchemyError as error:
        cause, *_ = str(getattr(error, "orig", None) or error).splitlines()
        raise click.ClickException(f"The database failed: {cause}") from error


def redis_failure(error: RedisError) -> click.ClickException:
    """The error message of a command when Redis fails."""
    place, reason = without_secrets(current_settings().redis_url), in_short(error)
    unreachable = isinstance(error, RedisConnectionError | RedisTimeoutError)
    if unreachable and not isinstance(error, AuthenticationError):
        return click.ClickException(f"Cannot reach Redis at {place} ({reason.rstrip('.')}). Is `pulse up` running?")
    return click.ClickException(f"Redis at {place} refused the command: {reason}")
