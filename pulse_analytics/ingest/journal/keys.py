"""The journal's keys in Redis, and what each of them holds."""

from __future__ import annotations

from pulse_analytics.queueing import PERSIST_QUEUE

JOURNAL = "queue:analytics"
GROUP = "persist"
"""The journal's consumer group of all workers; not a key."""
UNKNOWN = "unknown"
"""The group that holds entries of events that no worker so far knew. Its consumers are named for the events."""
DEAD_LETTERS = "queue:analytics:dead"
LEDGER = "pulse:ledger"
MINUTES = "pulse:minutes"
"""How many entries were settled in each minute of the last hour; a field is a minute, counted since 1970."""
WAKEUP = "pulse:wakeup"
WORKERS = "pulse:workers"
"""The time of each worker's last heartbeat; a field is the name of its node, its value seconds since 1970."""
EXPIRY = "pulse:expiry"
"""Set while a pass of the workers that archives raw events is under way, and for a day after it; the value names it."""

CLAIMS = "dedupe:video:"
"""How the dedupe keys of reports begin."""
ERASURES = "pulse:erasures"
"""The ids of erasures that workers have to finish. Without any, the key does not exist."""
ERASING = "pulse:erasing"
"""While this flag lives, a run of an erasure is under way or sent, and no timer sends another one."""

PROBE = "dedupe:probe"
"""A dedupe key that never exists for longer than 1 ms."""

TYPES = {
    JOURNAL: "stream",
    DEAD_LETTERS: "stream",
    LEDGER: "hash",
    MINUTES: "hash",
    WORKERS: "hash",
    ERASURES: "set",
    PERSIST_QUEUE: "list",
}
"""The types of our keys. A key of another type belongs to another system."""
