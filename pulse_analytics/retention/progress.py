"""The progress bar of commands that go through all raw events."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click
from sqlalchemy import true

from pulse_analytics import config
from pulse_analytics.database import db
from pulse_analytics.database.postgresql import patience
from pulse_analytics.retention.archive import only_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def showing_progress(passes: int = 1) -> Iterator[Callable[[], None]]:
    """A progress bar, on a terminal only, for this many passes, and what to call after each slice of raw events."""
    hidden = not sys.stderr.isatty()
    length = 0 if hidden else passes * _count_raw_events()
    # It goes to stderr: stdout holds the result alone.
    with click.progressbar(length=length, label="Raw events read", file=sys.stderr, hidden=hidden) as bar:
        yield lambda: bar.update(config.ARCHIVE_SIZE)


def _count_raw_events() -> int:
    with db.engine.begin() as connection:
        postgresql = connection.dialect.name == "postgresql"
        with patience(connection, config.RECOUNT_LIMIT_SECONDS) if postgresql else nullcontext():
            return only_count(connection, true())
