"""Whether the database is at the newest migration."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from pulse_analytics.database import MIGRATIONS

if TYPE_CHECKING:
    from sqlalchemy import Connection


def migration_fault(connection: Connection) -> str:
    """What is wrong with the database's migrations and what to do about it; empty if nothing is."""
    found = MigrationContext.configure(connection).get_current_revision()
    newest = _newest_migration()
    if found == newest:
        return ""
    return f"it is at migration {found or 'zero'}, the code at {newest}: run `pulse db upgrade`."


@cache
def _newest_migration() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()
