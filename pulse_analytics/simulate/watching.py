"""How far viewers watch, and when they pass each milestone. Pure: it depends on the seed."""

from __future__ import annotations

import random
from math import exp, inf, log
from typing import TYPE_CHECKING
from zlib import crc32

from pulse_analytics.events import EVENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STAYING = 0.25
"""The share of viewers who never stop before the end."""
LEAVING = 3.0
"""Of the others, e^-LEAVING·x still watch at the share x of the video: most of those who leave do so early. Both are
chosen, not measured: of 100 who start, 60 watch a quarter, 42 the half, 33 three quarters, 29 nearly all."""

SHORTEST_MS = 30_000
LONGEST_MS = 120_000
"""Videos end before a viewer watches the next one."""


def survival(share: float) -> float:
    """Of those who start, the share who still watch at this share of the video."""
    return STAYING + (1 - STAYING) * exp(-LEAVING * share)


class Watching:
    """Plays sessions of a site on which these events are enabled. Equal seeds give equal sessions, in the same order.

    Sessions that pass no milestone send nothing, so they are left out: each passes the first one.
    """

    def __init__(self, events: Sequence[str], seed: str) -> None:
        self._milestones = [EVENT_TYPES[name] for name in events]
        self._rng = random.Random(f"{seed}/watching")  # noqa: S311  A plan, no secret.

    def passed(self, video_id: str, ts: int) -> Iterator[tuple[str, int]]:
        """The events of a session, each with its ts, if the first one happens at `ts`."""
        first, *others = self._milestones
        left_at = _left_at(self._rng.random() * survival(first.share))
        duration = SHORTEST_MS + crc32(video_id.encode()) % (LONGEST_MS - SHORTEST_MS)
        yield first.name, ts
        for milestone in others:
            if milestone.share < left_at:
                yield milestone.name, ts + int((milestone.share - first.share) * duration)


def _left_at(survivors: float) -> float:
    """The share of the video at which this share of viewers still watch: the inverse of `survival`."""
    return inf if survivors <= STAYING else -log((survivors - STAYING) / (1 - STAYING)) / LEAVING
