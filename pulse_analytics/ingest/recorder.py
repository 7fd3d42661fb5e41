"""The transactions that write raw events and aggregates. No other module writes these tables."""

from __future__ import annotations

from datetime import UTC, datetime
from operator import add
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sqlalchemy import Table, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pulse_analytics.database import db, writing
from pulse_analytics.database.models import daily_totals, video_events, video_metrics, video_metrics_daily
from pulse_analytics.database.postgresql import ArrayText
from pulse_analytics.events import COUNT_COLUMNS, EVENT_TYPES, Event, count_day, utc_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from sqlalchemy import Connection

    Key: TypeAlias = tuple[str, date | None]
    """The first two values of a `Rise`."""
    Insert: TypeAlias = postgresql.Insert | sqlite.Insert


class Rise(NamedTuple):
    """How much the counters of one row rise; negative: how much they fall."""

    video_id: str
    """Empty in `daily_totals`, which has no such column."""
    day: date | None
    """None in `video_metrics`, which has no such column."""
    counts: Sequence[int]
    """One for each counter that rises, or of `correct` for each of COUNT_COLUMNS."""


# Two races, and what decides them:
#
# - Redelivery. A worker may die between its commit and the settling of its entries; another one then records the same
#   events again, perhaps at the same time. The primary key of `video_events` decides: only rows that this transaction
#   inserted raise counters.
# - Deadlock. Two workers raise the same counters, in batches that overlap. All transactions take their locks in one
#   order: raw events by id, then `video_metrics`, `video_metrics_daily` and `daily_totals`, each by key. `daily_totals`
#   comes last because every worker raises today's row: it waits there no longer than another one's commit takes.


def record(events: Sequence[Event]) -> set[str]:
    """Insert the raw events and count the new ones, or do neither. Returns the ids of the new ones.

    An event is new if no row has its id, so recording an event again changes nothing. Raises sqlalchemy.exc.DataError
    or IntegrityError if the database refuses an event for its content, and another SQLAlchemyError if it cannot record
    anything now.
    """
    with writing(db.engine).begin() as connection:
        new = _insert_new(connection, events)
        if new:
            kinds = {event.event for event in new}
            # Of the other counters nothing is sent, nor written.
            names = [kind.count_column for kind in EVENT_TYPES.values() if kind.name in kinds]
            one = {kind: tuple(int(EVENT_TYPES[kind].count_column == name) for name in names) for kind in kinds}
            daily = added_up(((event.video_id, count_day(event)), one[event.event]) for event in new)
            _count(connection, video_metrics, names, added_up(((rise.video_id, None), rise.counts) for rise in daily))
            _count(connection, video_metrics_daily, names, daily)
            _count(connection, daily_totals, names, added_up((("", rise.day), rise.counts) for rise in daily))
    return {event.id for event in new}


def correct(connection: Connection, rises: Sequence[Rise]) -> None:
    """Add differences, positive or negative, to counters, in the transaction of `connection`.

    Those of one table must be in the order of its key. A row whose counters are all 0 afterwards is deleted.
    """
    for table, its in (
        (video_metrics, [rise for rise in rises if rise.day is None]),
        (video_metrics_daily, [rise for rise in rises if rise.video_id and rise.day]),
        (daily_totals, [rise for rise in rises if not rise.video_id]),
    ):
        if its:
            _count(connection, table, COUNT_COLUMNS, its)
            _delete_empty(connection, table, [rise for rise in its if min(rise.counts) < 0])


def added_up(parts: Iterable[tuple[Key, Sequence[int]]]) -> list[Rise]:
    """One rise for each video, day, or both, in the order of the key."""
    sums: dict[Key, Sequence[int]] = {}
    for key, counts in parts:
        known = sums.get(key)
        sums[key] = tuple(map(add, known, counts)) if known else counts
    return [Rise(*key, sums[key]) for key in sorted(sums)]


def _insert_new(connection: Connection, events: Sequence[Event]) -> list[Event]:
    """Insert the events that have no row yet, and return them: each once, even if `events` holds it twice."""
    by_id = {event.id: event for event in events}
    ordered = [by_id[event_id] for event_id in sorted(by_id)]
    columns: dict[str, Sequence[object]] = {
        "id": [event.id for event in ordered],
        "video_id": [event.video_id for event in ordered],
        "event": [event.event for event in ordered],
        "user_id": [event.user_id for event in ordered],
        "ts": [event.ts for event in ordered],
        "received_at": [utc_time(event.received_at) for event in ordered],
        "created_at": [datetime.now(UTC)] * len(ordered),
    }
    insert, parameters = insert_of(connection, video_events, columns)
    statement = insert.on_conflict_do_nothing().returning(video_events.c.id)
    return [by_id[event_id] for event_id in connection.execute(statement, parameters).scalars()]


def _count(connection: Connection, table: Table, names: Sequence[str], rises: Sequence[Rise]) -> None:
    """Add `rises` to the counters `names` of `table`. The database does the addition; a missing row starts at 0."""
    columns: dict[str, Sequence[object]] = {
        **{column.name: [getattr(rise, column.name) for rise in rises] for column in table.primary_key},
        **dict(zip(names, zip(*(rise.counts for rise in rises), strict=True), strict=True)),
    }
    if "updated_at" in table.c:
        columns["updated_at"] = [datetime.now(UTC)] * len(rises)
    insert, parameters = insert_of(connection, table, columns)
    changed = {name: table.c[name] + insert.excluded[name] for name in names}
    if "updated_at" in table.c:
        changed["updated_at"] = insert.excluded["updated_at"]
    connection.execute(insert.on_conflict_do_update(index_elements=[*table.primary_key], set_=changed), parameters)


def _delete_empty(connection: Connection, table: Table, rises: Sequence[Rise]) -> None:
    """Delete the rows of `rises` from `table` whose counters are all 0."""
    if rises:
        key = [column == bindparam(f"{column.name}_key") for column in table.primary_key]
        empty = [table.c[name] == 0 for name in COUNT_COLUMNS]
        keys = [{f"{column.name}_key": getattr(rise, column.name) for column in table.primary_key} for rise in rises]
        connection.execute(delete(table).where(*key, *empty), keys)


def insert_of(
    connection: Connection, table: Table, columns: Mapping[str, Sequence[object]]
) -> tuple[Insert, list[dict[str, object]] | dict[str, Sequence[object]]]:
    """An INSERT of the rows of these columns into `table`, still without its conflict clause, and its parameters."""
    if connection.dialect.name == "sqlite":
        rows = zip(*columns.values(), strict=True)
        return sqlite.insert(table), [dict(zip(columns, row, strict=True)) for row in rows]
    # One array per column: the statement's text is the same for any number of rows, so it is compiled once. This ran
    # twice as fast as rows of VALUES.
    arrays = [bindparam(f"{name}_array", type_=ArrayText(table.c[name].type)) for name in columns]
    source = func.unnest(*arrays).table_valued(*columns).render_derived()
    insert = postgresql.insert(table).from_select([*columns], select(*(source.c[name] for name in columns)))
    return insert, {f"{name}_array": values for name, values in columns.items()}
