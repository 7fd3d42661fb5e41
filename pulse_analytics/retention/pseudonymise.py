"""Give what is stored under plain user ids the form of the first key of PULSE_USER_ID_KEY.

A raw event gets a new event id too, made of the form: it is inserted and the old one deleted in one transaction, so no
counter moves. If a report was counted in both forms, its raw event moves into the archive instead, and its counts stay.
What waits in the journal is recorded first, or it would come back as a plain raw event.

Done again, this finds only what is left. So it may be killed, and events may flow, at any time.
"""

from __future__ import annotations

import re
import time
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, or_, select

from pulse_analytics import config
from pulse_analytics.config import current_settings
from pulse_analytics.database.models import video_events
from pulse_analytics.events import EVENT_TYPES, event_id, is_event_id, read_dedupe_key, ts_of
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.journal.entries import read_event
from pulse_analytics.ingest.journal.renaming import Claim, NewLetter, Renaming
from pulse_analytics.ingest.recorder import insert_of
from pulse_analytics.retention.archive import archive, only_count, sweep
from pulse_analytics.user_ids import FORM_LENGTH, NAME, PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Connection

    from pulse_analytics.ingest.journal.entries import DeadLetter
    from pulse_analytics.retention.archive import Act
    from pulse_analytics.user_ids import UserIds

_SUFFIXES = {kind.dedupe_suffix: kind.name for kind in EVENT_TYPES.values()}


class CannotPseudonymise(Exception):
    """The message says why, and what to do."""


class Plain(NamedTuple):
    """How much is stored under plain user ids."""

    rows: int = 0
    letters: int = 0
    claims: int = 0
    waiting: int = 0
    """Entries of the journal."""


def count_plain(looked: Callable[[], object] = bool) -> Plain:
    """Count what is stored under plain user ids, and change nothing. Calls `looked` after each slice of raw events.

    Raises RedisError or SQLAlchemyError.
    """
    renaming, user_ids = current_journal().renaming, current_settings().user_ids
    return Plain(
        rows=sweep_plain(only_count, looked),
        letters=sum(_new_letter(user_ids, letter) is not None for letter in renaming.letters()),
        claims=sum(_new_claim(user_ids, claim) is not None for page in renaming.claims() for claim in page),
        waiting=_count_waiting(renaming),
    )


def pseudonymise(say: Callable[[str], object], looked: Callable[[], object] = bool) -> Plain:
    """Give everything its form, until nothing is left under a plain user id. Returns how much was.

    Raises CannotPseudonymise, RedisError or SQLAlchemyError. What was done until then stays.
    """
    renaming, user_ids = current_journal().renaming, current_settings().user_ids
    if user_ids.stores_plain:
        why = "begins with `plain`" if user_ids.on else "is not set"
        raise CannotPseudonymise(
            f"Reports are still stored with plain user ids: {NAME} {why}. Put the key first, here and on every web "
            "host, and run this again."
        )
    done = Plain()
    for _ in range(config.PSEUDONYMISE_PASSES):
        _wait_for_entries(renaming, say)
        more = Plain(sweep_plain(rewrite_rows, looked), _letters(renaming, user_ids), rename_claims(renaming, user_ids))
        if not any(more):
            return done
        done = Plain(*map(add, done, more))
    raise CannotPseudonymise(
        f"Reports with plain user ids keep coming. Does every web host have the first key of {NAME} first?"
    )


def sweep_plain(act: Act, looked: Callable[[], object] = bool) -> int:
    """Do `act` with every raw event that has a plain user id. Returns how many there were."""
    user_id = video_events.c.user_id
    plain = or_(func.length(user_id) != FORM_LENGTH, func.substr(user_id, 1, len(PREFIX)) != PREFIX)
    return sweep(plain, act=act, looked=looked)[0]


def rewrite_rows(connection: Connection, rows: ColumnElement[bool]) -> int:
    """Give these raw events their form and their new ids, or do nothing. Returns how many there were."""
    user_ids = current_settings().user_ids
    old = connection.execute(select(video_events).where(rows)).all()
    new: dict[str, dict[str, object]] = {}
    replaced: dict[str, str] = {}
    for row in old:
        form = user_ids.stored(row.user_id)
        number = event_id(row.video_id, row.event, form, row.ts)
        new[number] = {**row._asdict(), "id": number, "user_id": form}
        replaced[number] = row.id
    # In the order of the key, as workers insert them, or two of these deadlock.
    ordered = [new[number] for number in sorted(new)]
    columns = {column.name: [values[column.name] for values in ordered] for column in video_events.c}
    insert, parameters = insert_of(connection, video_events, columns)
    statement = insert.on_conflict_do_nothing().returning(video_events.c.id)
    moved = {replaced[number] for number in connection.scalars(statement, parameters)}
    twice = [row.id for row in old if row.id not in moved]
    if twice:
        archive(connection, video_events.c.id.in_(twice))  # These reports have been counted in both forms.
    connection.execute(delete(video_events).where(rows))
    return len(old)


def rename_claims(renaming: Renaming, user_ids: UserIds) -> int:
    """Give dedupe keys with plain user ids their form; each is there at any moment. Returns how many there were."""
    renamed = 0
    for page in renaming.claims():
        renamed += renaming.rename([(claim, new) for claim in page if (new := _new_claim(user_ids, claim))])
    return renamed


def _wait_for_entries(renaming: Renaming, say: Callable[[str], object]) -> None:
    """Wait until workers have settled every entry with a plain user id, as long as they get fewer."""
    least = _count_waiting(renaming)
    if least:
        say(f"{least:,} accepted reports with plain user ids wait in the journal: they are recorded first.")
    patience = current_settings().stale_after_seconds + config.PSEUDONYMISE_PATIENCE_SECONDS
    since = time.monotonic()
    while waiting := _count_waiting(renaming):
        if waiting < least:
            least, since = waiting, time.monotonic()
        elif time.monotonic() - since > patience:
            raise CannotPseudonymise(
                f"{waiting:,} accepted reports with plain user ids wait, and no worker records them. Start a worker "
                "that knows their events, and run this again."
            )
        time.sleep(config.PSEUDONYMISE_PAUSE_SECONDS)


def _count_waiting(renaming: Renaming) -> int:
    is_keyed = current_settings().user_ids.is_keyed
    return sum(not is_keyed(user_id) for user_id in renaming.waiting())


def _letters(renaming: Renaming, user_ids: UserIds) -> int:
    new = [new for letter in renaming.letters() if (new := _new_letter(user_ids, letter))]
    size = config.BATCH_SIZE
    return sum(renaming.rewrite(new[start : start + size]) for start in range(0, len(new), size))


def _new_letter(user_ids: UserIds, letter: DeadLetter) -> NewLetter | None:
    """What the dead letter says from now on; None if it holds no plain user id."""
    user_id = letter.fields.get("userId", "")
    if not user_id or user_ids.is_keyed(user_id):
        return None
    form, number = user_ids.stored(user_id), ""
    try:
        event = read_event(letter.fields)
    except ValueError:
        pass  # It can never be recorded.
    else:
        number = event_id(event.video_id, event.event, form, event.ts)
    # PostgreSQL's DETAIL quotes the row, and the beginning of a long value.
    reason = letter.reason.partition("\nDETAIL:")[0]
    return NewLetter(letter.letter_id, number, form, re.sub(rf"(?<!\w){re.escape(user_id)}(?!\w)", form, reason))


def _new_claim(user_ids: UserIds, claim: Claim) -> Claim | None:
    """The dedupe key under the first key, and the event id that its value is then; None if its user id is not plain."""
    parts = read_dedupe_key(claim.key)
    if parts is None or user_ids.is_keyed(parts.user_id):
        return None
    form, number = user_ids.stored(parts.user_id), claim.event_id
    if is_event_id(number) and parts.suffix in _SUFFIXES:
        number = event_id(parts.video_id, _SUFFIXES[parts.suffix], form, ts_of(number))
    return Claim(parts.key_of(form), number)
