"""Whether the database is at the newest migration that the code knows, or at a newer one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from pulse_analytics.database import MIGRATIONS

if TYPE_CHECKING:
    from sqlalchemy import Connection


def migration_fault(connection: Connection) -> str:
    """What is wrong with the database's migrations, and what to do about it; empty if nothing is wrong."""
    found = MigrationContext.configure(connection).get_current_revision()
    *older, newest = _known_migrations()
    if found is None or found in older:
        return f"it is at migration {found or 'zero'}, the code at {newest}: run `pulse db upgrade`."
    # An unknown revision is newer: a rolling upgrade migrates the database first, and this code keeps working on it.
    return ""


@cache
def _known_migrations() -> tuple[str, ...]:
    """The revisions that the code knows, the newest one last."""
    return tuple(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())[::-1]
