"""The Redis stream of accepted, not yet recorded events, its dead letters and its ledger. No other code knows them.

Entries enter and leave only through the scripts in lua/, which count them in the ledger, so that at any moment
accepted = settled + waiting + parked + dropped.

keys.py         its keys in Redis
entries.py      what an entry must hold
figures.py      its figures, what they must add up to, and what it is doing now
scripts.py      lua/: each script is one atomic step
renaming.py     the user ids in it, and giving them another form
traces.py       what is about one user, and which erasures are unfinished
connection.py   how Redis is reached: each thread keeps its own connection
primary.py      which server is the primary, if Sentinels know it
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from flask import current_app
from redis.exceptions import RedisError, ResponseError

from pulse_analytics import config
from pulse_analytics.breaker import Breaker
from pulse_analytics.errors import TryAgain
from pulse_analytics.events import EVENT_TYPES, dedupe_key
from pulse_analytics.ingest.journal.connection import connect_redis
from pulse_analytics.ingest.journal.entries import read_batch, read_dead_letter
from pulse_analytics.ingest.journal.figures import Balance, Live, Memory, read_live
from pulse_analytics.ingest.journal.keys import (
    DEAD_LETTERS,
    GROUP,
    JOURNAL,
    LEDGER,
    MINUTES,
    PROBE,
    TYPES,
    UNKNOWN,
    WAKEUP,
    WORKERS,
)
from pulse_analytics.ingest.journal.renaming import Renaming
from pulse_analytics.ingest.journal.scripts import ScriptCall, Scripts
from pulse_analytics.ingest.journal.traces import Traces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flask import Flask
    from redis import Redis

    from pulse_analytics.config import Settings
    from pulse_analytics.events import Event
    from pulse_analytics.ingest.journal.entries import BadEntry, Batch, DeadLetter, Entry
    from pulse_analytics.user_ids import KeyedEvent

_WAKEUP_MS = int(config.WAKEUP_SECONDS * 1000)
_LONGEST_WAKEUP_MS = int((config.RETRY_BACKOFF_MAX_SECONDS + config.WAKEUP_SECONDS) * 1000)
_FOREVER_MS = 10**12
"""32 years: as long as the longest PULSE_STALE_AFTER_SECONDS."""


class Acceptance(NamedTuple):
    """The outcome of `Journal.accept`."""

    accepted: list[bool]
    """For each event, in order: True if accepted, False if a duplicate."""
    wake: bool
    """Whether the caller must wake a worker."""


def read_acceptance(answer: Sequence[int]) -> Acceptance:
    """The outcome that lua/accept.lua answered."""
    wake, *accepted = answer
    return Acceptance([code == 1 for code in accepted], wake == 1)


class Journal:
    """The journal on one Redis server.

    Every method raises redis.exceptions.RedisError if Redis fails; the outcome is then unknown.
    """

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self.redis = redis
        #: Requests use the journal only under this guard: see `answering`.
        self.breaker = Breaker("Redis")
        self._ttl_seconds = settings.dedupe_ttl_seconds
        self._other_forms = len(settings.user_ids.keys) - 1
        self._stale_ms = int(settings.stale_after_seconds * 1000)
        self._look_at = 0.0
        """When `take` looks next for entries that another worker held."""
        self._scripts = Scripts(redis, settings)
        self.traces = Traces(redis, self._scripts)
        self.renaming = Renaming(redis, self._scripts)

    def accept(self, events: Sequence[Event]) -> Acceptance:
        """Claim each event's dedupe key and append the event, or find it a duplicate; all in one atomic step.

        If replicas are required, raises RedisError unless they have everything, for duplicates too.
        """
        return read_acceptance(self._scripts.ask(self.accept_call(events)))

    def accept_call(self, events: Sequence[Event]) -> ScriptCall:
        """The script that does what `accept` says; `read_acceptance` reads its answer."""
        keys = [JOURNAL, LEDGER, WAKEUP, *map(dedupe_key, events)]
        for other in range(self._other_forms):
            # Not entered unless PULSE_USER_ID_KEY names several keys; then all events are keyed ones.
            keys += [dedupe_key(event, event.other_user_ids[other]) for event in cast("Sequence[KeyedEvent]", events)]
        args: list[str | int] = [self._ttl_seconds, _WAKEUP_MS]
        for event in events:
            args += (event.id, event.video_id, event.event, event.user_id, event.ts, event.received_at)
        return self._scripts.replicated("accept", keys, args)

    def suppress(self) -> None:
        """Count a crossing that was not reported. It is in the ledger's own field, and in no sum."""
        self.redis.hincrby(LEDGER, "suppressed", 1)

    def must_wake(self) -> bool:
        """Whether entries wait and the caller must wake a worker for them."""
        return bool(self._scripts.run("wake", [JOURNAL, WAKEUP], [_WAKEUP_MS, _LONGEST_WAKEUP_MS]) == 1)

    def hold_wakeup(self, seconds: float) -> None:
        """Suppress wake-ups for `seconds`, because a run is already scheduled."""
        self.redis.set(WAKEUP, "1", px=int(seconds * 1000))

    def release_wakeup(self) -> None:
        """Let the next accepted event wake a worker again. Events accepted before this call wait for a `take`."""
        self.redis.delete(WAKEUP)

    def take(self, consumer: str) -> Batch:
        """Up to BATCH_SIZE entries: stale ones of other consumers, and new ones. They belong to `consumer` until they
        are settled, given back, held or stale.

        At first, and then as often as entries become stale, it looks for entries that another worker held.
        """
        args: list[str | int] = [GROUP, consumer, config.BATCH_SIZE, self._stale_ms, _WAKEUP_MS]
        if looks := time.monotonic() >= self._look_at:
            args += [UNKNOWN, *EVENT_TYPES]
        try:
            parts = self._scripts.run("take", [JOURNAL, WAKEUP], args)
        except ResponseError as error:
            self._make_group(error)
            return self.take(consumer)
        if looks and not parts[-1]:
            self._look_at = time.monotonic() + self._stale_ms / 1000
        return read_batch(
            (entry_id, dict(zip(flat[::2], flat[1::2], strict=True))) for part in parts for entry_id, flat in part
        )

    def linger(self, consumer: str) -> Batch:
        """Like `take`, but of new entries only, and waits up to LINGER_SECONDS for the first one."""
        block = int(config.LINGER_SECONDS * 1000)
        reply: Any = self.redis.xreadgroup(GROUP, consumer, {JOURNAL: ">"}, count=config.BATCH_SIZE, block=block)
        return read_batch(reply[0][1] if reply else [])

    def give_back(self, consumer: str, entries: Iterable[Entry]) -> None:
        """Make entries that could not be recorded stale at once, so that the next `take` of any worker gets them."""
        ids = [entry.entry_id for entry in entries]
        if ids:
            self.redis.xclaim(JOURNAL, GROUP, consumer, 0, cast("Any", ids), idle=_FOREVER_MS, justid=True)

    def settle(self, new: Sequence[Entry], known: Sequence[Entry] = ()) -> None:
        """Remove entries whose events are committed from the journal. `new`: recording them inserted a row; `known`:
        their row existed already."""
        ids = [entry.entry_id for entry in (*new, *known)]
        if ids:
            args: list[str | int] = [GROUP, UNKNOWN, _WAKEUP_MS, len(new), *ids]
            self._scripts.run("settle", [JOURNAL, LEDGER, WAKEUP, MINUTES], args)

    def hold(self, entries: Iterable[Entry]) -> None:
        """Keep entries of unknown events waiting until a worker that knows their event takes them."""
        pairs = [word for entry in entries for word in (entry.entry_id, entry.event.event)]
        if pairs:
            self._scripts.run("hold", [JOURNAL], [GROUP, UNKNOWN, *pairs])

    def taken_events(self) -> set[str]:
        """The ids of the events of all entries that a worker took and did not settle: their rows may be committed. Read
        after a snapshot of the database, it holds every event of that snapshot whose entry may be recorded again."""
        found: set[str] = set()
        for group in (GROUP, UNKNOWN):
            last = "-"
            while last:
                ids, last = self._scripts.run("taken", [JOURNAL], [group, last, config.COUNT_SIZE])
                found.update(ids)
        return found

    def enter_epoch(self, epoch_id: str) -> str:
        """Write the epoch's id to the ledger, unless the ledger is in an epoch already. Returns the id of its epoch."""
        self.redis.hsetnx(LEDGER, "epoch", epoch_id)
        return cast("str", self.redis.hget(LEDGER, "epoch"))

    def begin_epoch(self, epoch_id: str) -> None:
        """Write to the ledger which epoch it is in, and that the database has noted the beginning of that epoch."""
        self.redis.hdel(LEDGER, "evicted")  # The next `memory` counts from 0.
        self.redis.hset(LEDGER, mapping={"epoch": epoch_id, "epoch_begun": "1"})

    def park(self, entries: Iterable[BadEntry]) -> None:
        """Move entries that can never be recorded to the dead letters, with their reasons."""
        pairs = [word for entry in entries for word in (entry.entry_id, entry.reason)]
        if pairs:
            self._scripts.run(
                "park", [JOURNAL, DEAD_LETTERS, LEDGER], [GROUP, UNKNOWN, time.time_ns() // 1_000_000, *pairs]
            )

    def prune_consumers(self, idle_seconds: float = config.CONSUMER_IDLE_SECONDS) -> int:
        """Remove consumers that have nothing pending and have been idle for `idle_seconds`; returns how many."""
        try:
            return int(self._scripts.run("prune", [JOURNAL], [GROUP, int(idle_seconds * 1000)]))
        except ResponseError as error:
            self._make_group(error)
            return 0

    def beat(self, node: str) -> None:
        """Record a heartbeat of this worker, and forget workers that have been silent for WORKER_GONE_SECONDS."""
        self._scripts.run("beat", [WORKERS], [node, config.WORKER_GONE_SECONDS])

    def beats(self) -> dict[str, float]:
        """How many seconds ago each worker's last heartbeat was, by the name of its node."""
        beats = cast("dict[str, str]", self.redis.hgetall(WORKERS))
        now = self.redis.time()[0]
        return {node: now - int(then) for node, then in beats.items()}

    def dead_letters(self, most: int) -> list[DeadLetter]:
        """The oldest parked entries, at most `most`."""
        return [read_dead_letter(*entry) for entry in cast("Any", self.redis.xrange(DEAD_LETTERS, count=max(1, most)))]

    def count_dead_letters(self) -> int:
        """How many entries are parked."""
        return self.redis.xlen(DEAD_LETTERS)

    def replay(self, letter_ids: Sequence[str]) -> int:
        """Move dead letters back to the journal, to be recorded like new entries; returns how many still existed."""
        return int(self._scripts.run("replay", [JOURNAL, DEAD_LETTERS, LEDGER], letter_ids))

    def drop(self, letter_ids: Sequence[str]) -> int:
        """Delete dead letters for good; returns how many still existed."""
        return int(self._scripts.run("drop", [DEAD_LETTERS, LEDGER], letter_ids))

    def balance(self) -> Balance:
        """The figures of ledger, journal and dead letters at one moment, so that they are exact while events flow."""
        while True:
            args: list[str | int] = [GROUP, UNKNOWN, config.COUNT_SIZE]
            ledger, *held, unread, last, newest = self._scripts.run("balance", [JOURNAL, DEAD_LETTERS, LEDGER], args)
            more = self._count_unread(last, newest) if last else 0
            if more is not None:
                return Balance._make([*ledger, *held, unread + more])

    def live(self) -> Live:
        """The journal's own counters at one moment."""
        return read_live(*self._scripts.run("live", [JOURNAL, LEDGER, MINUTES], [UNKNOWN]))

    def memory(self) -> Memory | None:
        """How full Redis is, and how many keys it evicted in this epoch; None if it refuses to say (INFO).

        Evictions between the last call and a restart of Redis are not counted. A worker calls every TIMER_SECONDS.
        """
        found = self._scripts.run("memory", [LEDGER], [])
        return Memory._make(found) if found else None

    def probe(self) -> None:
        """Raise the RedisError with which `accept` would fail now, if any. Counts nothing."""
        self._scripts.ask(self._scripts.replicated("probe", [JOURNAL, LEDGER, WAKEUP, PROBE], []))

    def foreign_keys(self) -> list[str]:
        """Our keys that hold another type, left by another system, each with that type."""
        found = {key: cast("str", self.redis.type(key)) for key in TYPES}
        return [f"{key} holds a {found[key]}" for key in TYPES if found[key] not in {"none", TYPES[key]}]

    def _count_unread(self, last: str, newest: str) -> int | None:
        """How many entries are after `last`, up to `newest`; None if a worker has read beyond `last`.

        Counts in slices, so that no call blocks Redis for long. Unread entries stay, so the slices add up to the figure
        of one moment.
        """
        count = 0
        while last:
            more, last = self._scripts.run("count", [JOURNAL], [GROUP, last, newest, config.COUNT_SIZE])
            if more < 0:
                return None
            count += more
        return count

    def _make_group(self, error: ResponseError) -> None:
        """After NOGROUP (Redis is new, or has lost its data), create the group from the journal's first entry on."""
        if not str(error).startswith("NOGROUP"):
            raise error
        self._scripts.run("group", [JOURNAL], [GROUP, UNKNOWN])


def init_journal(app: Flask, settings: Settings) -> None:
    """Give `app` its journal. Does not connect."""
    app.extensions["pulse_journal"] = Journal(connect_redis(settings), settings)


@contextmanager
def answering() -> Iterator[Journal]:
    """The journal, for a request. Raises TryAgain if Redis does not answer, at once while it hangs."""
    journal = current_journal()
    try:
        with journal.breaker.guard():
            yield journal
    except RedisError as error:
        raise TryAgain("Redis does not answer.") from error


def current_journal() -> Journal:
    """The journal of the current application."""
    return cast("Journal", current_app.extensions["pulse_journal"])
