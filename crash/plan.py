"""The harms of one run: a pure function of the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

DATABASES = ("sqlite", "postgresql")
WEBS = ("web1", "web2")
WORKERS = ("worker1", "worker2")
DATABASE_REVISIONS = ("head", "head", "0001", "base")
"""The migrations at which the database may be when events begin to flow; head is more frequent."""

TRAFFIC_SECONDS = 7.0
ROLLING_SECONDS = 12.0
"""How long the traffic lasts in a run with a rolling restart or with errands, which need more time."""

UNSETTLED, UNSETTLED_SECONDS = 3, 3.0
"""How often a worker cannot settle what it has committed, in a run with errands, and for how long."""
FANS = (*(f"fan {number}" for number in range(10)), "fan:9%3A", "Fän😀")
"""Viewers who watch all videos, in a run with errands. Some of them are forgotten, and come back."""


@dataclass(frozen=True, slots=True)
class Harm:
    """One harm: what is done to which target, when, and for how long."""

    at: float
    """Seconds after the start of the traffic."""
    kind: str
    """A name in `harms.KINDS`."""
    target: str
    """A part, `part/child`, a link `from>to`, or what the kind defines."""
    seconds: float
    """How long it lasts, if it is not momentary."""
    number: int
    """A random number, 0 to 999, for what the kind has to choose."""

    def __str__(self) -> str:
        return f"{self.at:5.2f} s {self.kind} {self.target} {self.seconds:.2f} s #{self.number}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does."""

    seed: int
    database: str
    revision: str
    """The migration at which the database is when events begin to flow."""
    seconds: float
    """How long clients create new reports."""
    harms: tuple[Harm, ...]
    with_errands: bool = False
    """Whether operators expire raw events and forget users meanwhile."""
    keyed: bool = False
    """Whether user ids become keyed hashes meanwhile."""


def make_plan(seed: int, database: str, *, can_fill: bool) -> Plan:
    """The plan for this seed. `can_fill`: disks can be filled."""
    chance = random.Random(f"{database} {seed}")
    choices = targets(database, can_fill=can_fill)
    revision = chance.choice(DATABASE_REVISIONS)
    rolling = chance.random() < 0.15
    seconds = ROLLING_SECONDS if rolling else TRAFFIC_SECONDS
    kinds = [kind for kind in choices if kind != "rolling restart"]
    harms = [_harm(chance, kind, choices, seconds) for kind in _draw(chance, kinds, 8, 12)]
    if rolling:
        harms = [*harms[:5], Harm(0.3, "rolling restart", "everything", 0.0, chance.randrange(1000))]
    if revision != "head":
        harms.append(Harm(round(chance.uniform(0.5, seconds), 2), "migrate", "head", 0.0, 0))
    return Plan(seed, database, revision, seconds, tuple(sorted(harms, key=lambda harm: harm.at)))


def targets(database: str, *, can_fill: bool) -> dict[str, list[str]]:
    """Each kind of harm and its possible targets."""
    postgresql = database == "postgresql"
    servers = ["valkey", "database"] if postgresql else ["valkey"]
    processes = [*WEBS, *WORKERS, *servers]
    # PostgreSQL's backends are its children; Valkey has none.
    children = [f"{name}/child" for name in (*WEBS, *WORKERS, *WORKERS, *servers[1:])]
    links = list_links(database)
    disks = ["valkey", "database"] if can_fill else []
    return {
        "kill": [*processes, *children],
        "kill children": list(WORKERS),
        "term": [*processes, *children],
        "stop": [*processes, *children],
        "cut": links,
        "refuse": links,
        "stall": links,
        "swallow": links,
        "lock": ["database"],
        "limit memory": ["noeviction", "volatile-ttl"],
        "unlink": ["dedupe keys"],
        "shift clock": list(WEBS),
        "migrate": ["there and back"],
        "rolling restart": ["everything"],
        **({"fill disk": disks} if disks else {}),
    }


def list_links(database: str) -> list[str]:
    """The links of the stack, `from>to`."""
    links = [f"client>{web}" for web in WEBS] + [f"{name}>valkey" for name in (*WEBS, *WORKERS)]
    # SQLite is a file, so there is no link to it.
    return links + ([f"{name}>database" for name in (*WEBS, *WORKERS)] if database == "postgresql" else [])


def add_errands(plan: Plan) -> Plan:
    """The plan with errands of operators, for which the database must be at the newest migration.

    One web process's clock is 20 days slow until the end: what arrives there is old enough to expire. In half of the
    runs the key of user ids changes, from none to one.
    """
    chance = random.Random(f"errands {plan.database} {plan.seed}")
    keyed = chance.random() < 0.5
    kinds = _draw(chance, [kind for kind in ERRANDS if keyed or kind not in KEY_ERRANDS], 12, 18)
    slow = Harm(0.0, "shift clock", chance.choice(WEBS), ROLLING_SECONDS, 0)
    harms = [harm for harm in plan.harms if (harm.kind, harm.target) != ("migrate", "head")]
    # Errands, whose links are those of the other worker, must leave alone what this one has committed and not settled.
    link = {"keep unsettled": [f"{WORKERS[1]}>valkey"]}
    unsettled = [_harm(chance, "keep unsettled", link, ROLLING_SECONDS) for _ in range(UNSETTLED)]
    unsettled = [replace(harm, seconds=UNSETTLED_SECONDS) for harm in unsettled]
    harms += [slow, *unsettled, *(_harm(chance, kind, ERRANDS, ROLLING_SECONDS) for kind in kinds)]
    if keyed:
        harms.append(Harm(round(chance.uniform(0.5, 5), 2), "change key", "every web process", 0.0, 0))
    ordered = tuple(sorted(harms, key=lambda harm: harm.at))
    return replace(plan, revision="head", seconds=ROLLING_SECONDS, harms=ordered, with_errands=True, keyed=keyed)


ERRANDS = {
    "expire": ["old raw events"],
    "forget": [*FANS],
    "forget with counts": [*FANS],
    "audit": ["the books"],
    "pseudonymise": ["user ids"],
}
"""What operators do: as for harms, each kind and its possible targets."""
KEY_ERRANDS = {"pseudonymise"}
"""Those that are possible only with a key of user ids."""

#: The relative frequency of a kind; 1 for the others.
_WEIGHTS = {
    "kill": 6,
    "kill children": 2,
    "term": 2,
    "stop": 3,
    "cut": 2,
    "swallow": 3,
    "stall": 2,
    "lock": 2,
    "expire": 3,
}


def _draw(chance: random.Random, kinds: list[str], least: int, most: int) -> list[str]:
    return chance.choices(kinds, [_WEIGHTS.get(kind, 1) for kind in kinds], k=chance.randint(least, most))


def _harm(chance: random.Random, kind: str, choices: dict[str, list[str]], seconds: float) -> Harm:
    # Mostly short; a few outlast every timeout of the settings.
    lasts = min(0.2 + chance.expovariate(0.8), 4.5)
    return Harm(
        at=round(chance.uniform(0.3, seconds - 0.5), 2),
        kind=kind,
        target=chance.choice(choices[kind]),
        seconds=round(lasts, 2),
        number=chance.randrange(1000),
    )
