"""How much is measured: the usual run, a quick look, and everything."""

from __future__ import annotations

from dataclasses import dataclass, replace

FSYNC = ("always", "everysec")
DATABASES = ("postgresql", "sqlite")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The usual run, about 30 minutes on two cores."""

    rounds: int = 5
    databases: tuple[str, ...] = DATABASES
    against: str | None = None
    """A git revision that accept and through measure beside the present version."""
    connections: int = 16
    more_connections: tuple[int, ...] = (64, 256)
    """More numbers of connections for single POSTs, to whole systems only."""
    fsync: tuple[str, ...] = FSYNC
    """Settings of `appendfsync` in accept."""
    videos: int = 10_000
    """Videos that events are spread over, except where one video gets all."""
    posts: int = 5_000
    """Single POSTs per round of accept; a slower rival gets as many as it answers in about the same time."""
    batches: int = 400
    """Batches of 50 per round of accept."""
    wrk: bool = True
    """Whether to send with wrk, if it is on the PATH, in accept and in through at full speed."""
    wrk_seconds: int = 3
    """How long wrk sends in a round."""
    events: int = 30_000
    """Events that wait at the start of a round of count, per worker process."""
    tasks: int = 600
    """Tasks that wait at the start of a round of the task-per-event rival, per worker process."""
    processes: tuple[int, ...] = (1, 2)
    """Numbers of worker processes."""
    through_flood_seconds: float = 5.0
    """Length of a round of through at full speed."""
    through_seconds: float = 8.0
    """Length of a round of through at a given pace."""
    waiting: int = 50_000
    """Events per round of space."""
    growth_rows: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    growth_videos: tuple[int, ...] = (1_000, 10_000, 100_000)
    growth_events: int = 10_000
    """Events counted per round of growth at each size."""
    growth_calls: int = 100
    """Rankings requested per round of growth at each size."""


USUAL = Sizes()
QUICK = replace(
    USUAL,
    rounds=2,
    posts=1_000,
    batches=50,
    wrk_seconds=1,
    events=10_000,
    tasks=300,
    through_flood_seconds=2.0,
    through_seconds=3.0,
    waiting=10_000,
    growth_rows=(1_000, 10_000),
    growth_videos=(100, 1_000),
    growth_events=2_500,
    growth_calls=50,
)
FULL = replace(
    USUAL,
    growth_rows=(*USUAL.growth_rows, 10_000_000),
    growth_videos=(*USUAL.growth_videos, 1_000_000),
)
