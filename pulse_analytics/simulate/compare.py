"""How far the counts rose, against what was accepted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

#: Reads the count of each of these videos, of this event type, from the aggregates; a video without any is absent.
ReadCounts = Callable[[Sequence[str], str], Mapping[str, int]]

POLL_SECONDS = 0.2
"""How often the counts are read. Chosen, not measured."""
UNCHANGED_SECONDS = 30.0
"""If no count has changed for this long, what is missing will not come."""
LAST_LOOK_SECONDS = 1.0
"""Equal counts must still be equal after this time, because a second count of the same report comes late."""


class Difference(NamedTuple):
    """A video whose count of an event did not rise by the number accepted."""

    video_id: str
    event: str
    accepted: int
    rose: int


class Outcome(NamedTuple):
    """How the counts changed."""

    differences: Sequence[Difference]
    """Empty if the counts are equal."""
    seconds: float
    """From the call until the counts last changed; nearly 0 if everything was counted already."""


class Comparison:
    """How each video's count of each event rises from now on.

    Nothing else may report these videos during that time.
    """

    def __init__(self, read_counts: ReadCounts, video_ids: Sequence[str], events: Sequence[str]) -> None:
        self._read_counts = read_counts
        self._video_ids = video_ids
        self._events = events
        self._before = self._read()

    def wait(self, accepted: Mapping[tuple[str, str], int], *, unchanged_seconds: float = UNCHANGED_SECONDS) -> Outcome:
        """Wait until the counts rose by `accepted` and stay so, or stop changing; then return the differences."""
        began = changed = time.monotonic()
        differences = self.differences(accepted)
        while True:
            patience = (
                unchanged_seconds if any(each.rose < each.accepted for each in differences) else LAST_LOOK_SECONDS
            )
            if time.monotonic() - changed > patience:
                return Outcome(differences, changed - began)
            time.sleep(POLL_SECONDS)
            latest = self.differences(accepted)
            if latest != differences:
                differences, changed = latest, time.monotonic()

    def differences(self, accepted: Mapping[tuple[str, str], int]) -> list[Difference]:
        """How the counts differ at this moment."""
        now = self._read()
        rises = (Difference(*each, accepted.get(each, 0), now[each] - self._before[each]) for each in now)
        return [rise for rise in rises if rise.accepted != rise.rose]

    def _read(self) -> dict[tuple[str, str], int]:
        counts = {event: self._read_counts(self._video_ids, event) for event in self._events}
        return {(video_id, event): counts[event].get(video_id, 0) for video_id in self._video_ids for event in counts}
