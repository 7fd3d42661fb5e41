"""How Flask-Migrate runs the revisions in versions/: on the application's database, all in one transaction."""

from contextlib import AbstractContextManager, nullcontext

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from pulse_analytics.config import MIGRATION_SECONDS
from pulse_analytics.database import writing
from pulse_analytics.database.postgresql import patience

migrate = current_app.extensions["migrate"]
engine = writing(migrate.db.engine)


def run_migrations() -> None:
    """Run the revisions on the live database."""
    with engine.connect() as connection:
        options = migrate.configure_args
        context.configure(connection=connection, target_metadata=migrate.db.metadata, **options)
        with context.begin_transaction(), _patience(connection):
            context.run_migrations()


def _patience(connection: Connection) -> AbstractContextManager[None]:
    return patience(connection, MIGRATION_SECONDS) if connection.dialect.name == "postgresql" else nullcontext()


def print_migrations() -> None:
    """Print the revisions' SQL (`pulse db upgrade --sql`)."""
    context.configure(url=engine.url, target_metadata=migrate.db.metadata, literal_binds=True, **migrate.configure_args)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    print_migrations()
else:
    run_migrations()
