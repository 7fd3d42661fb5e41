"""The plan of the day: who watches what, when, and what is sent twice. Pure: it depends on the seed, not on a clock."""

from __future__ import annotations

import random
import uuid
from bisect import bisect
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from pulse_analytics.events import DEFAULT_EVENT
from pulse_analytics.simulate.watching import Watching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

VIEWERS_BY_HOUR = (3, 2, 1, 1, 1, 1, 2, 3, 4, 4, 4, 5, 6, 6, 5, 5, 6, 7, 8, 10, 11, 9, 6, 4)
"""Relative arrivals in each hour of a UTC day: a quiet night, a peak in the evening."""

# After a session the viewer watches another video, comes back to the same one, or leaves: 1.8 sessions on average.
WATCHES_ON = 0.30
COMES_BACK = 0.15
# A report whose answer did not reach the player is sent again: at once, or when the player next opens its outbox.
SENT_AGAIN_AT_ONCE = 0.05
SENT_AGAIN_LATER = 0.05
OFFLINE = 0.10
"""The share of viewers whose reports arrive as one batch, as when an outbox is flushed."""

BURST_BEGINS = 0.01
"""The share of arriving viewers that start a burst, as when somebody shares a video and everyone opens it now."""
BURST_VIEWERS = (10, 40)
BURST_MS = 20_000


class Report(NamedTuple):
    """A report as the player creates it when playback crosses a milestone; `ts` in milliseconds."""

    video_id: str
    user_id: str
    ts: int
    event: str = DEFAULT_EVENT

    @property
    def counter(self) -> tuple[str, str]:
        """The video and the event, which are counted together."""
        return self.video_id, self.event


class Visit(NamedTuple):
    """Everything that one viewer's player sends, in order; a report that is sent twice is here twice."""

    reports: tuple[Report, ...]
    offline: bool
    """Sent as one batch."""
    burst: bool
    """Part of a burst, which the rate does not hold back."""


class _Arrival(NamedTuple):
    ts: int
    video_id: str
    burst: bool


@dataclass(frozen=True, kw_only=True)
class Site:
    """A day of a video site: equal values give equal plans, report for report."""

    seed: int
    viewers: int
    videos: int
    day: date
    """The UTC day of every ts."""
    events: tuple[str, ...] = (DEFAULT_EVENT,)
    """The enabled event types, in the order of their shares."""

    def video_ids(self) -> list[str]:
        """The videos, most popular first."""
        return [f"sim-{self.seed}-{number:04}" for number in range(1, self.videos + 1)]

    def visits(self) -> Iterator[Visit]:
        """The viewers' visits in the order in which they begin, generated one at a time to keep memory constant."""
        # All four values seed it, so that another day or size has other viewers, not mostly duplicates.
        seed = f"{self.seed}/{self.viewers}/{self.videos}/{self.day}"
        rng = random.Random(seed)  # noqa: S311  A plan, no secret.
        watching = Watching(self.events, seed)
        draw_video = _zipf(self.video_ids(), rng)
        day_begins = int(datetime.combine(self.day, time.min, UTC).timestamp()) * 1000
        for arrival in _arrivals(self.viewers, day_begins, draw_video, rng):
            viewer = str(uuid.UUID(int=rng.getrandbits(128), version=4))
            day_ends = day_begins + DAY_MS
            reports = (
                Report(video_id, viewer, passed_at, event)
                for video_id, ts in _sessions(arrival, day_ends, draw_video, rng)
                for event, passed_at in watching.passed(video_id, ts)
                if passed_at < day_ends
            )
            yield Visit(_sent(reports, rng), offline=rng.random() < OFFLINE, burst=arrival.burst)

    def count_reports(self) -> int:
        """How many reports the visits hold; takes as long as generating them all."""
        return sum(len(visit.reports) for visit in self.visits())


def _zipf(video_ids: list[str], rng: random.Random) -> Callable[[], str]:
    """A function that draws a video: the n-th is watched 1/n as often as the first."""
    sums = list(accumulate(1 / rank for rank in range(1, len(video_ids) + 1)))
    last = len(video_ids) - 1
    return lambda: video_ids[bisect(sums, rng.random() * sums[-1], hi=last)]


def _arrivals(viewers: int, day_begins: int, draw_video: Callable[[], str], rng: random.Random) -> Iterator[_Arrival]:
    """When each viewer arrives and what they open first."""
    burst_left, burst_begins, shared_video = 0, 0, ""
    for number in range(viewers):
        ts = day_begins + _moment((number + rng.random()) / viewers)
        if not burst_left and rng.random() < BURST_BEGINS:
            burst_left, burst_begins, shared_video = rng.randint(*BURST_VIEWERS), ts, draw_video()
        if burst_left:
            burst_left -= 1
            ts = min(burst_begins + rng.randrange(BURST_MS), day_begins + DAY_MS - 1)
            yield _Arrival(ts, shared_video, burst=True)
        else:
            yield _Arrival(ts, draw_video(), burst=False)


_HOUR_SUMS = list(accumulate(VIEWERS_BY_HOUR))


def _moment(share: float) -> int:
    """The millisecond of the day by which `share` (0 to below 1) of the viewers have arrived."""
    arrived = share * _HOUR_SUMS[-1]
    hour = bisect(_HOUR_SUMS, arrived, hi=len(_HOUR_SUMS) - 1)
    into_hour = 1 - (_HOUR_SUMS[hour] - arrived) / VIEWERS_BY_HOUR[hour]
    return min(int((hour + into_hour) * HOUR_MS), DAY_MS - 1)


def _sessions(
    arrival: _Arrival, day_ends: int, draw_video: Callable[[], str], rng: random.Random
) -> Iterator[tuple[str, int]]:
    """Video and ts of each playback session of a viewer, by rising ts, until they leave or the day ends."""
    ts, video_id = arrival.ts, arrival.video_id
    while ts < day_ends:
        yield video_id, ts
        next_step = rng.random()
        if next_step < WATCHES_ON:
            ts, video_id = ts + rng.randrange(2 * MINUTE_MS, 20 * MINUTE_MS), draw_video()
        elif next_step < WATCHES_ON + COMES_BACK:
            ts += rng.randrange(10 * MINUTE_MS, 6 * HOUR_MS)
        else:
            return


def _sent(reports: Iterator[Report], rng: random.Random) -> tuple[Report, ...]:
    """The reports as the player sends them, a few of them twice."""
    sent: list[Report] = []
    later: list[Report] = []
    for report in reports:
        sent.append(report)
        fate = rng.random()
        if fate < SENT_AGAIN_AT_ONCE:
            sent.append(report)
        elif fate < SENT_AGAIN_AT_ONCE + SENT_AGAIN_LATER:
            later.append(report)
    return (*sent, *later)
