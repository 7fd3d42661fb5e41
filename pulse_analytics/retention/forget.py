"""Erase every trace of one user: what waits in the journal is recorded first, then dead letters, raw events and dedupe
keys go, in this order.

The work is done in parts, of which each may be done again: an erasure that was killed begins again at the first step
and finds what is left. Counts are lowered in the transaction that deletes their raw events, so nothing counts twice.
"""

from __future__ import annotations

from operator import neg
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import delete, select

from pulse_analytics import config
from pulse_analytics.database import db, writing
from pulse_analytics.database.event_days import counts_of_rows
from pulse_analytics.database.models import video_events
from pulse_analytics.database.slices import slice_after
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.recorder import added_up, correct
from pulse_analytics.ingest.tasks import wake_worker
from pulse_analytics.retention import receipts
from pulse_analytics.retention.archive import archive, empty_wal, sweep_slice
from pulse_analytics.retention.traces import are_of, forms_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, Connection

    from pulse_analytics.retention.receipts import Erasure


class Place(NamedTuple):
    """Where an erasure goes on. Plain values, and nothing about the user, so that a Celery message may hold them."""

    step: str = "entries"
    at: str = ""
    """`entries`: the first one that may wait; `rows`: the last one that was searched; `keys`: the cursor."""
    until: str = ""
    """`entries`: the last entry that was in the journal when the erasure began."""
    number: int = 0
    """`rows`: 1 once the whole table was searched; `keys`: the number of the form."""
    left: int = 0
    """How many traces a worker has to deal with, before this can go on; 0: it can go on at once."""


def go_on(erasure: Erasure, place: Place) -> Place | None:
    """Do the next part of an erasure. Returns where it goes on; None: it is finished.

    Raises RedisError or SQLAlchemyError; then this part may be done, and may be done again.
    """
    # Without a user, it was killed during the last step: then the others find nothing.
    return _STEPS[place.step](erasure, forms_of(erasure.user_id or ""), place)


def _entries(erasure: Erasure, forms: list[str], place: Place) -> Place:
    """Wait until the user's entries are recorded. Those of events that no worker knows are dropped."""
    traces = current_journal().traces
    until = place.until or traces.newest_entry()
    found = [(entry.id, entry.held) for entry in traces.entries(forms, place.at or "-", until)]
    if not place.until:
        with writing(db.engine).begin() as connection:
            receipts.begin(connection, erasure.id, len(found))
    dropped = traces.drop_held([entry_id for entry_id, held in found if held])
    _note(erasure, dead_letters=dropped)
    if len(found) == dropped:
        return Place("letters")
    if current_journal().must_wake():
        wake_worker()
    return Place("entries", at=found[0][0], until=until, left=len(found) - dropped)


def _letters(erasure: Erasure, forms: list[str], _place: Place) -> Place:
    """Drop the user's dead letters, also those that became dead letters during the step before."""
    _drop_letters(erasure, forms)
    return Place("rows")


def _drop_letters(erasure: Erasure, forms: list[str]) -> None:
    journal = current_journal()
    ids = [letter.id for letter in journal.traces.letters(forms)]
    for start in range(0, len(ids), config.BATCH_SIZE):
        _note(erasure, dead_letters=journal.drop(ids[start : start + config.BATCH_SIZE]))


def _rows(erasure: Erasure, forms: list[str], place: Place) -> Place:
    """Erase the user's next raw events.

    The whole table is searched, and then again until nothing is found. From then on reports that arrived after the
    request do not count as found, or the erasure of a busy viewer would never end.
    """
    mine = are_of(forms)
    wanted = mine & (video_events.c.received_at <= erasure.requested_at) if place.number else mine
    with db.engine.connect() as connection:
        part = slice_after(connection, video_events.c.id, place.at or None, config.RECOUNT_SIZE)
        found = select(video_events.c.id).where(part.condition, wanted).order_by(video_events.c.id)
        ids = connection.scalars(found.limit(config.ERASE_SIZE)).all()
    erased = _erase_rows(erasure, mine, ids) if ids else 0
    if ids and place.number:
        # What is found again was taken by a worker a moment ago.
        return Place("rows", number=1, left=0 if erased else 1)
    last = ids[-1] if len(ids) == config.ERASE_SIZE else part.last
    if last is not None:
        return place._replace(at=last, left=0)
    return Place("keys") if place.number else Place("rows", number=1)


def _erase_rows(erasure: Erasure, mine: ColumnElement[bool], ids: Sequence[str]) -> int:
    """Erase these raw events, except those whose entry is taken. Returns how many are gone."""

    def act(connection: Connection, rows: ColumnElement[bool]) -> int:
        erased = _delete_with_counts(connection, rows) if erasure.with_counts else archive(connection, rows)
        # In the same transaction: an audit adds these numbers up.
        receipts.add(connection, erasure.id, raw_events=erased)
        return erased

    before = str(UUID(int=max(0, UUID(ids[0]).int - 1)))
    rows = mine & video_events.c.id.in_(ids)
    erased, _ = sweep_slice(rows, before, act, size=config.RECOUNT_SIZE, lowers_counters=erasure.with_counts)
    return erased


def _delete_with_counts(connection: Connection, rows: ColumnElement[bool]) -> int:
    """Delete these raw events, and take them from all counters. Returns how many there were."""
    counts = connection.execute(counts_of_rows(connection.dialect, rows)).all()
    erased = connection.execute(delete(video_events).where(rows)).rowcount
    daily = added_up(((row.video_id, row.day), tuple(map(neg, row[2:]))) for row in counts)
    by_video = added_up(((rise.video_id, None), rise.counts) for rise in daily)
    correct(connection, [*by_video, *daily, *added_up((("", rise.day), rise.counts) for rise in daily)])
    return erased


def _keys(erasure: Erasure, forms: list[str], place: Place) -> Place:
    """Remove the user's dedupe keys in the next part of the key space; at its end, the next form's."""
    # The plain form comes first: a `pulse pseudonymise` that runs meanwhile gives its keys the first form.
    form = forms[-1 - place.number]
    cursor, gone = current_journal().traces.unlink_keys(form, int(place.at or 0))
    _note(erasure, dedupe_keys=gone)
    if cursor:
        return place._replace(at=str(cursor))
    return Place("keys", number=place.number + 1) if place.number + 1 < len(forms) else Place("receipt")


def _receipt(erasure: Erasure, forms: list[str], _place: Place) -> Place | None:
    """Forget the user in the receipt and in SQLite's WAL file, then finish."""
    # A `pulse pseudonymise` may have rewritten some while they were dropped.
    _drop_letters(erasure, forms)
    with writing(db.engine).begin() as connection:
        receipts.forget_user(connection, erasure.id)
    if not empty_wal():
        return Place("receipt", left=1)
    with writing(db.engine).begin() as connection:
        receipts.finish(connection, erasure.id)
    current_journal().traces.end_erasure(erasure.id)
    return None


def _note(erasure: Erasure, **more: int) -> None:
    if any(more.values()):
        with writing(db.engine).begin() as connection:
            receipts.add(connection, erasure.id, **more)


_STEPS: dict[str, Callable[[Erasure, list[str], Place], Place | None]] = {
    "entries": _entries,
    "letters": _letters,
    "rows": _rows,
    "keys": _keys,
    "receipt": _receipt,
}
