"""Look at the journal, recount the database, look at the journal again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pulse_analytics.audit.recount import recount
from pulse_analytics.audit.summary import describe_database, describe_journal, describe_verdict
from pulse_analytics.database import db
from pulse_analytics.ingest.journal import current_journal

if TYPE_CHECKING:
    from collections.abc import Callable


def audit(out: Callable[[str], object] = click.echo) -> bool:
    """Check that the ledger closes and that every counter is the number of its raw events; True if it is so.

    Works while events flow: the journal's figures are all of one moment, and the database's of another.
    Raises RedisError or SQLAlchemyError if one of them does not answer.
    """
    before = current_journal().balance()
    with db.engine.connect() as connection:
        connection.detach()  # The temporary tables end with it.
        found = recount(connection)
    after = current_journal().balance()
    out(describe_journal(after))
    out(describe_database(found))
    out(describe_verdict(found, after, before))
    return not (after.faults() or found.first)
