"""The commands `pulse forget` and `pulse export-user`."""

from __future__ import annotations

import json
import time

import click
from flask.cli import with_appcontext

from pulse_analytics import config
from pulse_analytics.config import current_settings
from pulse_analytics.database import db, writing
from pulse_analytics.events import is_id
from pulse_analytics.failures import failing_in_a_sentence
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.retention.export import export_user
from pulse_analytics.retention.forget import Place, go_on
from pulse_analytics.retention.receipts import as_json, read_again, request_erasure

_LEFT = {
    "entries": "{} reports of this user wait and no worker records them: start one, run it again.",
    "receipt": "A long read of the database keeps SQLite's -wal file: end it, run it again.",
    "rows": "A worker took reports of this user and did not settle them: start a worker, run it again.",
}


class _UserId(click.ParamType[str]):
    """The id of a user."""

    name = "user"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_id(value):
            self.fail("That is not the id of a user.", param, ctx)
        return value


@click.command("forget")
@click.argument("user_id", metavar="USER", type=_UserId())
@click.option("--with-counts", is_flag=True, help="Take the user's views from all counts, too.")
@with_appcontext
def forget_command(user_id: str, with_counts: bool) -> None:
    """Erase every trace of USER, and print a receipt.

    Raw events, waiting reports, dead letters and dedupe keys go; the counts stay, unless --with-counts. A worker must
    run if reports of this user wait. Events may flow meanwhile. If it is killed, run it again. The receipt says what is
    not erased.
    """
    with failing_in_a_sentence():
        receipt = _forget(user_id, with_counts)
    click.echo(json.dumps(receipt, indent=2))


def _forget(user_id: str, with_counts: bool) -> dict[str, object]:
    with writing(db.engine).begin() as connection:
        erasure = request_erasure(connection, user_id, with_counts=with_counts)
    patience = current_settings().stale_after_seconds + config.ERASURE_PATIENCE_SECONDS
    place = go_on(erasure, Place())
    seen, since = None, time.monotonic()
    while place is not None:
        # As long as workers settle anything, they may come to these reports.
        progress = (place, current_journal().live().settled) if place.left else None
        if progress != seen or progress is None:
            seen, since = progress, time.monotonic()
        elif time.monotonic() - since > patience:
            raise click.ClickException(_LEFT[place.step].format(f"{place.left:,}"))
        if place.left:
            time.sleep(config.ERASURE_PAUSE_SECONDS)
        place = go_on(erasure, place)
    with db.engine.connect() as connection:
        return as_json(read_again(connection, erasure))


@click.command("export-user")
@click.argument("user_id", metavar="USER", type=_UserId())
@with_appcontext
def export_command(user_id: str) -> None:
    """Print everything that is held about USER, as one JSON document.

    It is printed while it is read. If it fails, the document ends too early, so it is not valid JSON. An event that is
    recorded meanwhile may be both in the journal and among the raw events.
    """
    with failing_in_a_sentence():
        for text in export_user(user_id):
            click.echo(text, nl=False)
