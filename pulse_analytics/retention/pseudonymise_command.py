"""The command `pulse pseudonymise`."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from pulse_analytics.database import db
from pulse_analytics.failures import failing_in_a_sentence
from pulse_analytics.retention.archive import empty_wal
from pulse_analytics.retention.progress import showing_progress
from pulse_analytics.retention.pseudonymise import CannotPseudonymise, count_plain, pseudonymise


@click.command("pseudonymise")
@click.option("--dry-run", is_flag=True, help="Only count them.")
@with_appcontext
def pseudonymise_command(dry_run: bool) -> None:
    """Replace plain user ids by their keyed hash.

    Raw events, dead letters and dedupe keys get the form of the first key of PULSE_USER_ID_KEY, which every web host
    must have first. All counts stay, and events may flow meanwhile. If it is killed, run it again.
    """
    with failing_in_a_sentence(), showing_progress(1 if dry_run else 2) as looked:
        try:
            found = count_plain(looked) if dry_run else pseudonymise(click.echo, looked)
            emptied = dry_run or empty_wal()
        except CannotPseudonymise as error:
            raise click.ClickException(str(error)) from error
    what = f"{found.rows:,} raw events, {found.letters:,} dead letters and {found.claims:,} dedupe keys"
    if dry_run:
        click.echo(f"{what} have plain user ids, and {found.waiting:,} reports that wait in the journal.")
        return
    click.echo(f"{what} had plain user ids. None is left.")
    if not emptied:
        click.echo("They can still be read in SQLite's WAL file, which others are using: run it again later.")
    if any(found):
        if db.engine.dialect.name == "postgresql":
            click.echo("Until a vacuum, PostgreSQL's files hold deleted ids: VACUUM video_events.")
        click.echo("Until a rewrite, so does the append-only file of Redis: BGREWRITEAOF. Backups keep what they hold.")
