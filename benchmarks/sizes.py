"""How much is measured: the usual run, a quick look, and everything."""

from __future__ import annotations

from dataclasses import dataclass, replace

FSYNC = ("always", "everysec")
DATABASES = ("postgresql", "sqlite")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The usual run, some 30 minutes on two cores."""

    rounds: int = 5
    databases: tuple[str, ...] = DATABASES
    against: str | None = None
    """A version, as git knows it, that accept and through measure beside the present one."""
    connections: int = 16
    more_connections: tuple[int, ...] = (64, 256)
    """On which single POSTs are sent as well, to us and to what else is a whole system."""
    fsync: tuple[str, ...] = FSYNC
    """Settings of `appendfsync` in accept."""
    videos: int = 10_000
    """That events are spread over, where it is not one hot video."""
    posts: int = 5_000
    """Single POSTs of a round of accept; a rival gets as many, or as many as it does in about the time."""
    batches: int = 400
    """Batches of 50 of a round of accept."""
    wrk: bool = True
    """Whether wrk, where it is on the PATH, sends what is posted in accept, and in through as fast as it goes."""
    wrk_seconds: int = 3
    """For so long, in a round."""
    events: int = 30_000
    """That wait when a round of count begins, for each worker process."""
    tasks: int = 600
    """That wait when a round of the literal card begins, for each worker process."""
    processes: tuple[int, ...] = (1, 2)
    """Of the worker."""
    through_flood_seconds: float = 5.0
    """Of a round of through, as fast as POSTs are answered."""
    through_seconds: float = 8.0
    """Of a round of through at a given pace."""
    waiting: int = 50_000
    """Events of a round of space."""
    growth_rows: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    growth_videos: tuple[int, ...] = (1_000, 10_000, 100_000)
    growth_events: int = 10_000
    """Counted in a round of growth at each size."""
    growth_calls: int = 100
    """Rankings asked for in a round of growth at each size."""


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
