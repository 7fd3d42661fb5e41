"""The journal's keys in Redis, and what each of them holds."""

from __future__ import annotations

from pulse_analytics.queueing import PERSIST_QUEUE

JOURNAL = "queue:analytics"
GROUP = "persist"
"""The journal's one consumer group; no key of its own."""
DEAD_LETTERS = "queue:analytics:dead"
LEDGER = "pulse:ledger"
MINUTES = "pulse:minutes"
"""How many entries were settled in each minute of the last hour; a field is a number of minutes since 1970."""
WAKEUP = "pulse:wakeup"
WORKERS = "pulse:workers"
"""When each worker last said that it lives; a field is the name of its node, its value seconds since 1970."""

PROBE = "dedupe:probe"
"""A dedupe key that is never there for longer than a millisecond; those of reports begin with `dedupe:video:`."""

TYPES = {
    JOURNAL: "stream",
    DEAD_LETTERS: "stream",
    LEDGER: "hash",
    MINUTES: "hash",
    WORKERS: "hash",
    PERSIST_QUEUE: "list",
}
"""What a key holds if it is ours."""
