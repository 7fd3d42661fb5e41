"""The user ids that Redis holds, and giving them another form: in dead letters and dedupe keys.

An entry of the journal cannot be changed. It is recorded as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pulse_analytics import config
from pulse_analytics.ingest.journal.entries import read_dead_letter
from pulse_analytics.ingest.journal.keys import CLAIMS, DEAD_LETTERS, JOURNAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redis import Redis

    from pulse_analytics.ingest.journal.entries import DeadLetter
    from pulse_analytics.ingest.journal.scripts import Scripts


class Claim(NamedTuple):
    """A dedupe key and its value, an event id."""

    key: str
    event_id: str


class NewLetter(NamedTuple):
    """What a dead letter says from now on."""

    letter_id: str
    event_id: str
    """Empty: its own."""
    user_id: str
    reason: str


class Renaming:
    """The user ids on one Redis server. Every method raises redis.exceptions.RedisError if Redis fails."""

    def __init__(self, redis: Redis, scripts: Scripts) -> None:
        self._redis: Any = redis
        self._scripts = scripts

    def waiting(self) -> Iterator[str]:
        """The user id of each entry in the journal, taken or not; read in slices, the oldest first."""
        return (fields["userId"] for _, fields in self._entries(JOURNAL) if fields.get("userId"))

    def letters(self) -> Iterator[DeadLetter]:
        """All dead letters, the oldest first, also those that are parked or rewritten meanwhile."""
        return (read_dead_letter(*entry) for entry in self._entries(DEAD_LETTERS))

    def rewrite(self, letters: Sequence[NewLetter]) -> int:
        """Rewrite dead letters, which get new ids of their own; returns how many still existed."""
        words = [word for letter in letters for word in letter]
        return int(self._scripts.run("rewrite", [DEAD_LETTERS], words)) if letters else 0

    def claims(self) -> Iterator[list[Claim]]:
        """All dedupe keys, in groups. One may come twice, and one that is claimed meanwhile may be missing."""
        cursor = -1
        while cursor:
            cursor, keys = self._redis.scan(max(cursor, 0), match=f"{CLAIMS}*", count=config.BATCH_SIZE)
            asking = self._redis.pipeline(transaction=False)
            for key in keys:
                asking.get(key)
            values = asking.execute(raise_on_error=False) if keys else []
            yield [Claim(*pair) for pair in zip(keys, values, strict=True) if isinstance(pair[1], str)]

    def rename(self, claims: Sequence[tuple[Claim, Claim]]) -> int:
        """Rename dedupe keys, each from its first to its second form, with the time that it has left; returns how many
        were still as given. If the second one exists, it stays as it is."""
        keys = [claim.key for pair in claims for claim in pair]
        values = [claim.event_id for pair in claims for claim in pair]
        return int(self._scripts.run("rename", keys, values)) if claims else 0

    def _entries(self, stream: str) -> Iterator[tuple[str, dict[str, str]]]:
        begin = "-"
        while page := self._redis.xrange(stream, begin, count=config.BATCH_SIZE):
            yield from page
            begin = f"({page[-1][0]}"
