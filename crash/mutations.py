"""Mutations that each break one promise on purpose, as someone in a hurry might write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Change:
    """Replaces `old` with `new` in `file`."""

    file: str
    old: str
    new: str

    def applied(self, root: Path) -> str:
        """The changed text of the file under `root`. Raises ValueError if `old` is not in it exactly once."""
        text = (root / self.file).read_text(encoding="utf-8")
        if (times := text.count(self.old)) != 1:
            raise ValueError(f"{self.file} holds {times} times: {self.old}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Mutation:
    """One way to break a promise."""

    name: str
    changes: tuple[Change, ...]
    errands: bool = False
    """Whether it takes runs with errands to detect it."""
    tests: str = ""
    """The tests that detect it, if the harness cannot."""

    def apply(self, root: Path) -> None:
        """Break the tree under `root`. Raises ValueError if the mutation no longer fits the tree."""
        for change in self.changes:
            text = change.applied(root)
            (root / change.file).write_text(text, encoding="utf-8")


_SHARED = "pulse_analytics/ingest/journal/shared.py"
_JOURNAL = "pulse_analytics/ingest/journal/__init__.py"
_DRAIN = "pulse_analytics/ingest/drain.py"
_SHARED_TESTS = "tests/ingest/journal/test_shared.py"

MUTATIONS = (
    Mutation(
        "claim before append",
        (
            Change(
                _JOURNAL,
                "args: list[str | int] = [self._ttl_seconds, _WAKEUP_MS]",
                "args: list[str | int] = [0, _WAKEUP_MS]",
            ),
            Change(
                _SHARED,
                """\
                answer = await ask_on_loop(self._connection, self._journal.accept_call(events))
""",
                """\
                from pulse_analytics.events import dedupe_key

                claims = self._journal.redis.pipeline(transaction=False)
                for event in events:
                    claims.set(dedupe_key(event), event.id, nx=True, ex=86_400)
                claimed = [bool(answer) for answer in claims.execute()]
                new = [event for event, is_new in zip(events, claimed, strict=True) if is_new]
                answer = [0]
                if new:
                    answer = await ask_on_loop(self._connection, self._journal.accept_call(new))
                answer = [answer[0], *map(int, claimed)]
""",
            ),
        ),
    ),
    Mutation(
        "answers of a shared call in the wrong order",
        (Change(_SHARED, "iter(acceptance.accepted)", "reversed(acceptance.accepted)"),),
    ),
    Mutation(
        "a failed call answered 202",
        (
            Change(
                _SHARED,
                """\
            raise TryAgain("Redis does not answer.") from error
""",
                """\
            return read_acceptance([1] * (1 + len(events)))
""",
            ),
        ),
    ),
    Mutation(
        "settle before commit",
        (
            Change(
                _DRAIN,
                """\
    recorded = _Recorded()
    try:
        if batch.entries:
""",
                """\
    journal.settle(batch.entries)
    recorded = _Recorded()
    try:
        if batch.entries:
""",
            ),
            Change(
                _DRAIN,
                """\
    journal.settle(recorded.new, recorded.known)
""",
                "",
            ),
        ),
    ),
    Mutation(
        "no ON CONFLICT",
        (
            Change(
                "pulse_analytics/ingest/recorder.py",
                "insert.on_conflict_do_nothing().returning(video_events.c.id)",
                "insert.returning(video_events.c.id)",
            ),
        ),
    ),
    Mutation(
        "appendonly no",
        (Change("pulse_analytics/up/valkey.py", '"appendonly": "yes"', '"appendonly": "no"'),),
    ),
    Mutation(
        "two transactions",
        (
            Change(
                "pulse_analytics/ingest/recorder.py",
                """\
        new = _insert_new(connection, events)
        if new:
            kinds = """,
                """\
        new = _insert_new(connection, events)
    if new:
        with writing(db.engine).begin() as connection:
            kinds = """,
            ),
        ),
    ),
    Mutation(
        "events of a batch all counted as one",
        (Change("pulse_analytics/ingest/recorder.py", "one[event.event])", "one[max(kinds)])"),),
    ),
    Mutation(
        "one dedupe key for all events",
        (Change("pulse_analytics/events.py", ":{event.type.dedupe_suffix}", ":watched"),),
    ),
    Mutation(
        "no XAUTOCLAIM",
        (
            Change(
                "pulse_analytics/ingest/journal/lua/take.lua",
                "return redis.call('XAUTOCLAIM', KEYS[1], group, consumer, idle, '0-0', 'COUNT', count)[2]",
                "return {}",
            ),
        ),
    ),
)

SEEN_BY_TESTS = (
    Mutation(
        "connection kept after a timeout",
        (
            Change(
                "pulse_analytics/ingest/journal/connection.py",
                """\
        except BaseException as error:
            await connection.disconnect(nowait=True)
""",
                """\
        except BaseException as error:
""",
            ),
        ),
        tests=_SHARED_TESTS,
    ),
    Mutation(
        "a waiter that left breaks the call",
        (
            Change(
                _SHARED,
                """\
    asyncio.get_running_loop().call_soon(settle, outcome)
""",
                """\
    settle(outcome)
""",
            ),
        ),
        tests=_SHARED_TESTS,
    ),
)
"""Bugs too rare for the harness to hit; each fails its `tests` instead."""
