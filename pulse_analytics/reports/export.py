"""The counts as CSV, a chunk at a time: memory is constant, and a slow reader holds no database connection."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from sqlalchemy import select, true

from pulse_analytics.catalogue.search import is_empty
from pulse_analytics.catalogue.storage import entries_of
from pulse_analytics.config import current_settings
from pulse_analytics.database.models import video_metrics, video_metrics_daily
from pulse_analytics.events import EVENT_TYPES
from pulse_analytics.reports.counts import any_of, counters
from pulse_analytics.reports.queries import added_up, snapshot
from pulse_analytics.reports.search import find_matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from sqlalchemy import Connection

    from pulse_analytics.catalogue.search import Condition
    from pulse_analytics.reports.days import Days
    from pulse_analytics.reports.search import Search

CHUNK = 2000
"""Videos per read. Chosen, not measured."""
INCOMPLETE = '"INCOMPLETE: an error ended this export. Ask for it again."\r\n'
"""The last line of a truncated file: the HTTP server may end the answer as if it were complete."""

# What spreadsheets read as the start of a formula (OWASP, CSV Injection), also in full width, also after spaces.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def csv_of(days: Days, search: Search) -> Iterator[str]:
    """The file, in pieces: a header, then a row for each video that has any enabled event on these days and that
    `search` finds, ordered by id: its id, the count of each enabled event type and, unless the catalogue is empty, its
    title.

    Each chunk reads its own snapshot, so a view counted during the export may be in the file or not. Raises TryAgain
    if the database does not answer: either before the first piece, or after a last piece that says the file is
    incomplete.
    """
    with snapshot() as connection:
        titled = not is_empty(connection)
    rows, last = _read(days, search, None, titled=titled)
    yield header_of(current_settings().events, titled=titled) + _lines(rows)
    while last is not None:
        try:
            rows, last = _read(days, search, last, titled=titled)
        except Exception:
            yield INCOMPLETE
            raise
        yield _lines(rows)


def header_of(events: Sequence[str], *, titled: bool = False) -> str:
    """The first line of an export of these event types."""
    counts = [EVENT_TYPES[event].count_column for event in events]
    return ",".join(["video_id", *counts, *(["title"] if titled else [])]) + "\r\n"


def _read(days: Days, search: Search, after: str | None, *, titled: bool) -> tuple[list[Sequence[Any]], str | None]:
    """The next chunk's rows, and its last id, or None if it is the last chunk."""
    video_id = video_metrics.c.video_id
    with snapshot() as connection:
        hold = find_matches(connection, search).hold
        chunk = hold(video_id) & (true() if after is None else video_id > after)
        last = connection.scalar(select(video_id).where(chunk).order_by(video_id).offset(CHUNK - 1).limit(1))
        rows = _rows(connection, days, hold, after, last)
        return (_with_titles(connection, rows) if titled else rows), last


def _rows(
    connection: Connection, days: Days, hold: Condition, after: str | None, last: str | None
) -> list[Sequence[Any]]:
    """The videos after `after`, up to and including `last`, and their counts."""
    table = video_metrics if days.all_time else video_metrics_daily
    video_id, totals = table.c.video_id, [added_up(count) for count in counters(table, current_settings().events)]
    counts = select(video_id, *totals).where(
        hold(video_id),
        true() if after is None else video_id > after,
        true() if last is None else video_id <= last,
        true() if days.all_time else days.holds(table.c.day),
    )
    return list(connection.execute(counts.group_by(video_id).having(any_of(totals)).order_by(video_id)).all())


def _with_titles(connection: Connection, rows: list[Sequence[Any]]) -> list[Sequence[Any]]:
    entries = entries_of(connection, [row[0] for row in rows])
    return [[*row, (entry.title if (entry := entries.get(row[0])) else None) or ""] for row in rows]


def _lines(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    # Quote every text: a spreadsheet that separates cells by semicolons must not start a new cell inside it.
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([_as_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue()


def _as_text(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text
