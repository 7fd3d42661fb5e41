"""The database: the engine, and how the application reads and writes. One transaction API for both dialects.

models.py       the tables
event_days.py   the day of a raw event, in SQL, and the raw events of each day
slices.py       a slice of a table, in the order of a key
migration.py    whether the database is at the migration that the code needs
postgresql.py   PostgreSQL, with a timeout on everything that can wait
sqlite.py       SQLite, set up so that a commit is on the disk
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from flask import current_app
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from pulse_analytics import config
from pulse_analytics.breaker import Breaker
from pulse_analytics.database import postgresql, sqlite
from pulse_analytics.errors import TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from flask import Flask
    from sqlalchemy import Connection, Engine

    from pulse_analytics.config import Settings

MIGRATIONS = Path(__file__).parents[1] / "migrations"
"""In a checkout, a link to the folder at its top; in a wheel, the files themselves."""

Connectable = TypeVar("Connectable", "Engine", "Connection")

TITLE_SEARCH = "title_search"
"""How the names of all that only one database has for its full text begin: a column and an index, or tables."""


def is_in_models(name: str | None, *_: object) -> bool:
    """Whether the models are to know this table, column or index. (Alembic's hook `include_name`.)"""
    return not (name or "").startswith(TITLE_SEARCH)


db = SQLAlchemy()
migrate = Migrate(compare_type=True, render_as_batch=True, include_name=is_in_models)


def init_database(app: Flask, settings: Settings) -> None:
    """Give `app` its database, on SQLite or PostgreSQL, with a timeout on everything that can wait."""
    url = make_url(settings.database_url)
    dialect = sqlite if url.get_backend_name() == "sqlite" else postgresql
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        **dialect.engine_options(settings),
        "pool_size": config.DATABASE_CONNECTIONS,
        "max_overflow": 0,
        "pool_timeout": config.POOL_TIMEOUT_SECONDS,
        # Otherwise errors quote user ids: in the worker's log at each retry, and in Flower.
        "hide_parameters": True,
    }
    db.init_app(app)
    migrate.init_app(app, db, directory=str(MIGRATIONS))
    app.extensions["pulse_database_breaker"] = Breaker("The database")
    with app.app_context():
        dialect.prepare(db.engine, settings)


def writing(connectable: Connectable) -> Connectable:
    """An engine or connection for transactions that write: on SQLite they take the write lock at their start.

    Otherwise a transaction that reads first and then writes would fail at once if another one wrote in between.
    """
    return connectable.execution_options(**{sqlite.WRITING: True})


def reading() -> AbstractContextManager[Connection]:
    """A connection for a read request. Raises TryAgain if the database does not answer, at once while it hangs."""
    return _answering(db.engine.connect)


def changing() -> AbstractContextManager[Connection]:
    """A transaction for a request that writes. Raises TryAgain if the database does not answer, at once while it hangs.

    Then it may have been committed or not, so it must be harmless to do the same again.
    """
    return _answering(writing(db.engine).begin)


@contextmanager
def _answering(open_: Callable[[], AbstractContextManager[Connection]]) -> Iterator[Connection]:
    breaker: Breaker = current_app.extensions["pulse_database_breaker"]
    try:
        with breaker.guard(), open_() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise TryAgain("The database does not answer.") from error
