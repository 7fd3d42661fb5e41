"""The command `pulse expire`."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from pulse_analytics import config
from pulse_analytics.config import current_settings
from pulse_analytics.database import db
from pulse_analytics.failures import failing_in_a_sentence
from pulse_analytics.retention.archive import archive, empty_wal, only_count, sweep
from pulse_analytics.retention.expire import count_taken, received_before
from pulse_analytics.retention.progress import showing_progress

_SPACE = {
    "sqlite": "The file keeps its size, and the space is reused. To give it back to the disk: sqlite3 {path} VACUUM",
    "postgresql": "The space is reused after an autovacuum. VACUUM FULL video_events gives it back to the disk.",
}


@click.command("expire")
@click.option(
    "--days",
    type=click.IntRange(1, config.LONGEST_RETENTION_DAYS),
    help="How long raw events are kept.  [default: PULSE_RETENTION_DAYS]",
)
@click.option("--dry-run", is_flag=True, help="Only count them.")
@with_appcontext
def expire_command(days: int | None, dry_run: bool) -> None:
    """Delete raw events that were received too long ago.

    Their counts stay: they move into an archive, which holds no user ids. Events may flow meanwhile. If it is killed,
    run it again.
    """
    days = days or current_settings().retention_days
    if not days:
        raise click.UsageError("PULSE_RETENTION_DAYS is 0, so raw events are kept. Set it, or pass --days.")
    rows = received_before(days)
    with failing_in_a_sentence(), showing_progress() as looked:
        gone, _ = sweep(rows, act=only_count if dry_run else archive, looked=looked)
        taken = count_taken(rows)
        emptied = dry_run or empty_wal()
    age = "1 day" if days == 1 else f"{days} days"
    click.echo(f"{gone:,} raw events that are older than {age} {'would go' if dry_run else 'went'}.")
    if taken:
        click.echo(f"{taken:,} more stay until a worker has settled their entries: run it again later.")
    if not emptied:
        click.echo("They can still be read in the WAL file, which others are using: run it again later.")
    if gone and not dry_run:
        click.echo(_SPACE[db.engine.dialect.name].format(path=db.engine.url.database))
