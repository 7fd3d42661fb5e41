"""The commands `pulse audit` and `pulse rebuild`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

from pulse_analytics.audit.one_at_a_time import CannotRebuild
from pulse_analytics.audit.rebuild import rebuild
from pulse_analytics.audit.recount import recount
from pulse_analytics.audit.summary import (
    as_json,
    describe_database,
    describe_join,
    describe_journal,
    describe_memory,
    describe_verdict,
    faults,
)
from pulse_analytics.database import db
from pulse_analytics.events import is_id
from pulse_analytics.failures import failing_in_a_sentence
from pulse_analytics.ingest.epochs import AnotherEpoch, Before, adopt, begin_epoch, current_epoch, join
from pulse_analytics.ingest.journal import current_journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@click.command("audit")
@click.option("--json", "in_json", is_flag=True, help="Print figures and faults as JSON.")
@click.option(
    "--begin-epoch",
    "reason",
    metavar="REASON",
    help="Close the books as they are, record the differences, and begin a new epoch.",
)
@with_appcontext
def audit_command(in_json: bool, reason: str | None) -> None:
    """Check that every accepted event is accounted for.

    The ledger must add up (accepted = settled + waiting + parked + dropped), each event that it settled as new must be
    in the database, and each count must equal the number of its raw events. Otherwise the first differences are shown,
    and the exit code is 1. Events may flow meanwhile.
    """
    with _failing_in_a_sentence():
        right = audit(in_json=in_json, reason=reason)
    if not right:
        raise SystemExit(1)


def audit(out: Callable[[str], object] = click.echo, *, in_json: bool = False, reason: str | None = None) -> bool:
    """Whether the ledger adds up and agrees with the raw events, and every counter is their number.

    Works while events flow: the journal's figures are all of one moment, and the database's of another. With a
    `reason`, this ends the epoch, keeps its faults on record and returns True.
    Raises RedisError or SQLAlchemyError if one of them does not answer.
    """
    journal = current_journal()
    with db.engine.connect() as connection:
        epoch = current_epoch(connection)
    before = journal.balance()
    with db.engine.connect() as connection:
        found = recount(connection)
    after, memory = journal.balance(), journal.memory()
    joined = join(epoch, before, found.rows + found.gone, after)
    if joined.fault:
        with db.engine.connect() as connection:
            same = current_epoch(connection) == epoch
        if not same:  # A worker or another audit has begun it meanwhile, or another command another one.
            return audit(out, in_json=in_json, reason=reason)
    wrong = faults(found, joined, after)
    if in_json:
        out(as_json(found, epoch, joined, after, memory, wrong))
    else:
        out(describe_journal(after))
        out(describe_database(found))
        out(describe_join(epoch, joined))
        out(describe_memory(memory))
        out(describe_verdict(found, joined, after, before, wrong))
    now = Before(found.rows + found.gone, before.settled, after.settled_new, after.pending)
    if reason is not None:
        begin_epoch(journal, epoch, reason, wrong, now)
        return True
    if epoch.before is None and not joined.fault:
        adopt(journal, epoch, now)
    return not wrong


@click.command("rebuild")
@click.argument("video_id", required=False)
@with_appcontext
def rebuild_command(video_id: str | None) -> None:
    """Recompute the counters from the raw events.

    All counters, or those of VIDEO_ID. Workers may keep running. If a rebuild is killed, run it again.
    """
    if video_id is not None and not is_id(video_id):
        raise click.BadParameter("That is not the id of a video.", param_hint="VIDEO_ID")
    with _failing_in_a_sentence():
        rebuild(video_id)


@contextmanager
def _failing_in_a_sentence() -> Iterator[None]:
    with failing_in_a_sentence():
        try:
            yield
        except AnotherEpoch as error:
            raise click.ClickException("Another epoch was begun meanwhile: run `pulse audit` again.") from error
        except CannotRebuild as error:
            raise click.ClickException(str(error)) from error
