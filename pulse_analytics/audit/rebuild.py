"""Recount, then add the missing amount to each counter."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click
from sqlalchemy import select

from pulse_analytics import config
from pulse_analytics.audit.one_at_a_time import alone
from pulse_analytics.audit.recount import recount
from pulse_analytics.audit.summary import describe_wrong
from pulse_analytics.audit.tables import differences
from pulse_analytics.database import db, writing
from pulse_analytics.database.postgresql import retried
from pulse_analytics.database.slices import slice_after
from pulse_analytics.events import COUNT_COLUMNS
from pulse_analytics.ingest.recorder import Rise, correct

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, RowMapping


def rebuild(video_id: str | None = None, out: Callable[[str], object] = click.echo) -> None:
    """Recompute the counters, all or those of one video, from the raw events, while the worker keeps running.

    The amount that a counter misses in one snapshot stays the same, because the worker adds to raw events and counters
    alike. The rebuild adds this amount, a few videos per transaction, so a reader sees all counters of a video either
    wrong or corrected. If a rebuild is killed, run it again: it finds only the remaining differences. The rebuild of a
    single video does not correct `daily_totals`, which needs the events of every video.

    Raises CannotRebuild if one is running or behind a pooler, and SQLAlchemyError if the database fails.
    """
    with db.engine.connect() as connection:
        connection.detach()  # Closing it then drops the temporary tables.
        with alone(connection):
            found = recount(connection, video_id, keep=True)
            out(describe_wrong(found, video_id))
            if found.wrong:
                _mend(writing(connection), found.wrong)
                out("They are corrected.")


def _mend(connection: Connection, wrong: int) -> None:
    after = None
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=wrong, label="Counters mended", file=sys.stderr, hidden=hidden) as bar:
        while True:
            mended, after = retried(partial(_mend_slice, connection, after), config.MEND_RETRIES)
            bar.update(mended)
            if after is None:
                return


def _mend_slice(connection: Connection, after: str | None) -> tuple[int, str | None]:
    """Correct the counters of some videos, all of a video at once.

    Returns the number of rows and the id of the last video; None if no videos are left.
    """
    with connection.begin():
        part = slice_after(connection, differences.c.video_id, after, config.MEND_SIZE)
        ordered = select(differences).where(part.condition).order_by(differences.c.video_id, differences.c.day)
        rows = connection.execute(ordered).mappings().all()
        correct(connection, [_lack(row) for row in rows])
    return len(rows), part.last


def _lack(row: RowMapping) -> Rise:
    lacks = [row[f"raw_{name}"] - row[f"counted_{name}"] for name in COUNT_COLUMNS]
    return Rise(row["video_id"], row["day"], lacks)
