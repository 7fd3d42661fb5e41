"""The troubles of the table: one harm at a time, to each part and each link where it makes sense."""

from __future__ import annotations

from dataclasses import dataclass

from crash.plan import WEBS, WORKERS, Harm

SECONDS = 3.0
"""How long a harm lasts, if it is not momentary."""

_BLOWS = {"kill": "killed", "term": "sent SIGTERM", "stop": "frozen for 3 s"}
_DISTURBANCES = {"cut": "cut", "stall": "stalled for 3 s", "swallow": "cut instead of the next answer"}
_FORWARD, _BACK = 999, 0
"""The numbers that stand for the largest shifts of a clock, 20 days in either direction."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A row of the table."""

    name: str
    harms: tuple[Harm, ...]
    """They begin together. Empty: only watch, for as long as a harm lasts."""
    restarts: str = ""
    """The part whose next start ends the harm, if any."""


def list_troubles(database: str, repeat: int, *, can_fill: bool) -> list[Trouble]:
    """All troubles on `database`. A harm that hits one of several parts hits another one in each `repeat`."""
    return [
        Trouble("nothing, for 3 s", ()),
        *_blows(database, repeat),
        *_disturbances(database),
        Trouble("Valkey at its memory limit for 3 s, nothing to evict", (_harm("limit memory", "noeviction"),)),
        *_full_disks(can_fill=can_fill),
        Trouble("the database locked for 3 s", (_harm("lock", "database"),)),
        Trouble(
            "one web process's clock 20 days off for 3 s",
            (_harm("shift clock", WEBS[0], _FORWARD if repeat % 2 else _BACK),),
        ),
        Trouble("migrations there and back", (_harm("migrate", "there and back"),)),
        Trouble("every part restarted in turn", (_harm("rolling restart", "everything"),)),
        Trouble("the dedupe keys unlinked", (_harm("unlink", "dedupe keys"),)),
    ]


def _blows(database: str, repeat: int) -> list[Trouble]:
    """The harms to processes."""
    worker = WORKERS[repeat % 2]
    parts = {"one of two web processes": WEBS[repeat % 2], "one of two workers": worker, "Valkey": "valkey"}
    if database == "postgresql":
        parts["PostgreSQL"] = "database"
    troubles = []
    for kind, done in _BLOWS.items():
        for name, part in parts.items():
            troubles.append(Trouble(f"{name} {done}", (_harm(kind, part),), "" if kind == "stop" else part))
        # It is not known which of its children is working, so choose another one each time.
        child = _harm(kind, f"{worker}/child", repeat // 2)
        troubles.append(Trouble(f"a child of one worker {done}", (child,)))
    return troubles


def _disturbances(database: str) -> list[Trouble]:
    """The harms to links, to all links of a kind at once."""
    links = {
        "clients to web": [f"client>{web}" for web in WEBS],
        "web to Valkey": [f"{web}>valkey" for web in WEBS],
        "workers to Valkey": [f"{worker}>valkey" for worker in WORKERS],
    }
    if database == "postgresql":
        links["workers to PostgreSQL"] = [f"{worker}>database" for worker in WORKERS]
    return [
        Trouble(f"{name}: {done}", tuple(_harm(kind, target) for target in targets))
        for name, targets in links.items()
        for kind, done in _DISTURBANCES.items()
    ]


def _full_disks(*, can_fill: bool) -> list[Trouble]:
    # The odd number makes PostgreSQL need a new file; otherwise it may not even notice.
    disks = {"Valkey": _harm("fill disk", "valkey"), "the database": _harm("fill disk", "database", 1)}
    return [Trouble(f"{name}'s disk full for 3 s", (harm,)) for name, harm in disks.items() if can_fill]


def _harm(kind: str, target: str, number: int = 0) -> Harm:
    return Harm(at=0.0, kind=kind, target=target, seconds=SECONDS, number=number)
