"""The counts as CSV, a chunk at a time: memory is constant, and a slow reader holds no database connection."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from sqlalchemy import select, true

from pulse_analytics.database.models import video_metrics, video_metrics_daily
from pulse_analytics.reports.paging import Counted
from pulse_analytics.reports.queries import added_up, snapshot
from pulse_analytics.reports.search import begins_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pulse_analytics.reports.days import Days

CHUNK = 2000
"""Videos per read. Chosen, not measured."""
HEADER = "video_id,watched_50_count\r\n"
INCOMPLETE = '"INCOMPLETE: an error ended this export. Ask for it again."\r\n'
"""The last line of a truncated file: the HTTP server may end the answer as if it were complete."""

# What spreadsheets read as the start of a formula (OWASP, CSV Injection), also in full width, also after spaces.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def csv_of(days: Days, prefix: str) -> Iterator[str]:
    """The file, in pieces: a header, then the id and the count of each video that has a count on these days and whose
    id begins with `prefix`, ordered by id.

    Each chunk reads its own snapshot, so a view counted during the export may be in the file or not. Raises TryAgain
    if the database does not answer: either before the first piece, or after a last piece that says the file is
    incomplete.
    """
    rows, last = _read(days, prefix, None)
    yield HEADER + _lines(rows)
    while last is not None:
        try:
            rows, last = _read(days, prefix, last)
        except Exception:
            yield INCOMPLETE
            raise
        yield _lines(rows)


def _read(days: Days, prefix: str, after: str | None) -> tuple[list[Counted], str | None]:
    """The next chunk's rows, and its last id, or None if it is the last chunk."""
    video_id = video_metrics.c.video_id
    with snapshot() as connection:
        chunk = begins_with(video_id, prefix) & (true() if after is None else video_id > after)
        last = connection.scalar(select(video_id).where(chunk).order_by(video_id).offset(CHUNK - 1).limit(1))
        return _rows(connection, days, prefix, after, last), last


def _rows(connection: Connection, days: Days, prefix: str, after: str | None, last: str | None) -> list[Counted]:
    """The videos after `after`, up to and including `last`, and their counts."""
    columns = (video_metrics if days.all_time else video_metrics_daily).c
    video_id, total = columns.video_id, added_up(columns.watched_50_count)
    counts = select(video_id, total).where(
        begins_with(video_id, prefix),
        true() if after is None else video_id > after,
        true() if last is None else video_id <= last,
        true() if days.all_time else days.holds(columns.day),
    )
    ordered = counts.group_by(video_id).having(total > 0).order_by(video_id)
    return [Counted(video_id, count) for video_id, count in connection.execute(ordered)]


def _lines(rows: list[Counted]) -> str:
    text = io.StringIO()
    # Quote every id: a spreadsheet that separates cells by semicolons must not start a new cell inside an id.
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows((_as_text(video_id), count) for video_id, count in rows)
    return text.getvalue()


def _as_text(video_id: str) -> str:
    return f"'{video_id}" if _FORMULA.match(video_id) else video_id
