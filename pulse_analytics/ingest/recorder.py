"""The transactions that write raw events and aggregates. No other module writes these tables."""

from __future__ import annotations

from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Table, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pulse_analytics.database import db, writing
from pulse_analytics.database.models import daily_totals, video_events, video_metrics, video_metrics_daily
from pulse_analytics.database.postgresql import ArrayText
from pulse_analytics.events import COUNT_COLUMNS, Event, count_day, utc_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    Row: TypeAlias = dict[str, Any]
    Insert: TypeAlias = postgresql.Insert | sqlite.Insert

_KEYS: dict[str, Callable[[Event], Any]] = {"video_id": attrgetter("video_id"), "day": count_day}
_ZEROS = dict.fromkeys(COUNT_COLUMNS, 0)


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
            now = datetime.now(UTC)
            _count(connection, video_metrics, [{**row, "updated_at": now} for row in _rises(new, "video_id")])
            _count(connection, video_metrics_daily, _rises(new, "video_id", "day"))
            _count(connection, daily_totals, _rises(new, "day"))
    return {event.id for event in new}


def correct(connection: Connection, videos: Sequence[Row], days: Sequence[Row], totals: Sequence[Row]) -> None:
    """Add differences, positive or negative, to counters, in the transaction of `connection`.

    A row holds a key of `video_metrics`, `video_metrics_daily` or `daily_totals`, and a difference for each counter.
    Rows must be in the order of their keys. A row whose counters are all 0 afterwards is deleted.
    """
    now = datetime.now(UTC)
    for table, rows in (
        (video_metrics, [{**row, "updated_at": now} for row in videos]),
        (video_metrics_daily, days),
        (daily_totals, totals),
    ):
        if rows:
            _count(connection, table, rows)
            _delete_empty(connection, table, [row for row in rows if any(row[name] < 0 for name in COUNT_COLUMNS)])


def _insert_new(connection: Connection, events: Sequence[Event]) -> list[Event]:
    """Insert the events that have no row yet, and return them: each once, even if `events` holds it twice."""
    by_id = {event.id: event for event in events}
    now = datetime.now(UTC)
    rows = [_event_row(by_id[event_id], now) for event_id in sorted(by_id)]
    insert, parameters = _insert(connection, video_events, rows)
    statement = insert.on_conflict_do_nothing().returning(video_events.c.id)
    return [by_id[event_id] for event_id in connection.execute(statement, parameters).scalars()]


def _event_row(event: Event, now: datetime) -> Row:
    return {
        "id": event.id,
        "video_id": event.video_id,
        "event": event.event,
        "user_id": event.user_id,
        "ts": event.ts,
        "received_at": utc_time(event.received_at),
        "created_at": now,
    }


def _rises(events: Sequence[Event], *key_names: str) -> list[Row]:
    """How much each counter rises: one row for each video, day, or both, in the order of the key."""
    rows: dict[tuple[Any, ...], Row] = {}
    for event, *key in zip(events, *(map(_KEYS[name], events) for name in key_names), strict=True):
        row = rows.get(tuple(key))
        if row is None:
            row = rows[tuple(key)] = {**dict(zip(key_names, key, strict=True)), **_ZEROS}
        row[event.type.count_column] += 1
    return [rows[key] for key in sorted(rows)]


def _count(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Add the rises in `rows` to the counters of `table`. The database does the addition; a missing row starts at 0."""
    insert, parameters = _insert(connection, table, rows)
    changed = {name: table.c[name] + insert.excluded[name] for name in COUNT_COLUMNS}
    if "updated_at" in table.c:
        changed["updated_at"] = insert.excluded["updated_at"]
    connection.execute(insert.on_conflict_do_update(index_elements=[*table.primary_key], set_=changed), parameters)


def _delete_empty(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Delete those of `rows` from `table` whose counters are all 0."""
    if rows:
        key = [column == bindparam(f"{column.name}_key") for column in table.primary_key]
        empty = [table.c[name] == 0 for name in COUNT_COLUMNS]
        keys = [{f"{column.name}_key": row[column.name] for column in table.primary_key} for row in rows]
        connection.execute(delete(table).where(*key, *empty), keys)


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> tuple[Insert, list[Row] | Row]:
    """An INSERT of `rows` into `table`, still without its conflict clause, and its parameters."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table), list(rows)
    # One array per column: the statement's text is the same for any number of rows, so it is compiled once. This ran
    # twice as fast as rows of VALUES.
    names = list(rows[0])
    arrays = [bindparam(f"{name}_array", type_=ArrayText(table.c[name].type)) for name in names]
    source = func.unnest(*arrays).table_valued(*names).render_derived()
    insert = postgresql.insert(table).from_select(names, select(*(source.c[name] for name in names)))
    return insert, {f"{name}_array": [row[name] for row in rows] for name in names}
