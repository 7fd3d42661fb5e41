"""The command `pulse videos import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from flask.cli import with_appcontext

from pulse_analytics.catalogue.files import BadFile, WrongRow, read_rows
from pulse_analytics.catalogue.schemas import MAX_VIDEOS
from pulse_analytics.catalogue.storage import replace
from pulse_analytics.database import reading
from pulse_analytics.database.migration import migration_fault
from pulse_analytics.errors import TryAgain, in_short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pulse_analytics.catalogue.entries import Entry
    from pulse_analytics.catalogue.files import Row

Item = TypeVar("Item")


@click.group("videos")
def videos_group() -> None:
    """Titles, pages and tags of videos."""


@videos_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--skip-wrong", is_flag=True, help="Import the other rows if some are wrong, and not nothing.")
@with_appcontext
def import_command(file: Path, skip_wrong: bool) -> None:
    """Import the videos of FILE, which ends with .csv or .json.

    A CSV file has the columns video_id, title, page_url, duration_seconds, poster_url and tags (separated by |), in any
    order; all but video_id may be left out. A JSON file is like the body of PUT /admin/videos, or a list of videos.
    Each video's entry is replaced. If an import is interrupted, run it again.
    """
    try:
        rows = read_rows(file)
        entries = _checked(rows)
        if len(entries) < len(rows) and not skip_wrong:
            raise click.ClickException("Nothing was imported, because rows are wrong: --skip-wrong imports the others.")
        _store(entries)
    except BadFile as error:
        raise click.ClickException(f"{file}: {error}") from error
    except TryAgain as error:
        cause = getattr(error.__cause__, "orig", None) or error.__cause__ or error
        raise click.ClickException(f"The database failed: {in_short(cause)} Run the import again.") from error
    click.echo(f"Imported {len(entries)} of {len(rows)} rows.")


def _checked(rows: list[Row]) -> list[Entry]:
    """The entries of these rows. Each wrong row is reported on stderr and left out."""
    entries: list[Entry] = []
    places: dict[str, str] = {}
    for row in _with_progress(rows, "Rows checked"):
        try:
            entries.append(row.entry(places))
        except WrongRow as error:
            click.echo(str(error), err=True)
    return entries


def _store(entries: list[Entry]) -> None:
    with reading() as connection:
        if fault := migration_fault(connection):
            raise click.ClickException(f"The database schema is out of date: {fault}")
    # A transaction for each chunk, so that workers need not wait for the whole file.
    for start in _with_progress(range(0, len(entries), MAX_VIDEOS), f"Stored, {MAX_VIDEOS} at a time"):
        replace(entries[start : start + MAX_VIDEOS])


def _with_progress(items: Sequence[Item], label: str) -> Iterator[Item]:
    # On stderr, and on a terminal only: stdout holds the result alone.
    with click.progressbar(items, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield from bar
