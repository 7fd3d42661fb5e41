"""What clients were told: for each report that was ever sent, the answers to its attempts."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from pulse_analytics.events import event_id

EVENT = "watched_50_percent"
NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Report:
    """What a player reports, fixed at the crossing."""

    video_id: str
    user_id: str
    ts: int

    @property
    def id(self) -> str:
        """The event id that the server must give it."""
        return event_id(self.video_id, EVENT, self.user_id, self.ts)

    @property
    def pair(self) -> tuple[str, str]:
        """The video and its viewer: what counts once."""
        return self.video_id, self.user_id

    def wire(self) -> dict[str, str | int]:
        """As it is sent."""
        return {"videoId": self.video_id, "event": EVENT, "userId": self.user_id, "ts": self.ts}


@dataclass(slots=True)
class Told:
    """What was said of one report, over all its attempts by all who sent it."""

    report: Report
    answers: Counter[str] = field(default_factory=Counter)
    """How often `queued`, `duplicate`, `unknown` (sent, and no answer that says what became of it) or `unsent`."""
    given_up: bool = False
    """Somebody who sent it never got a final answer."""


class Evidence:
    """All that clients were told in one run. Threads may share it."""

    def __init__(self) -> None:
        self.told: dict[str, Told] = {}
        self.wrong: list[str] = []
        """Answers that the API never promises, in words."""
        self.statuses: Counter[str] = Counter()
        """Attempts by what came back."""
        self.slowest_seconds = 0.0
        """Of the answers; that there was none takes as long as a client is patient."""
        self._lock = threading.Lock()

    def attempt(self, status: str, seconds: float) -> None:
        """One request came to this end: a status, or NO_ANSWER."""
        with self._lock:
            self.statuses[status] += 1
            if status != NO_ANSWER:
                self.slowest_seconds = max(self.slowest_seconds, seconds)

    def forget_attempts(self) -> tuple[Counter[str], float]:
        """Begin `statuses` and `slowest_seconds` anew; returns what they were. What was told stays."""
        with self._lock:
            before = self.statuses, self.slowest_seconds
            self.statuses, self.slowest_seconds = Counter(), 0.0
            return before

    def answer(self, report: Report, answer: str) -> None:
        """One attempt to send `report` was answered so."""
        with self._lock:
            self._told(report).answers[answer] += 1

    def give_up(self, report: Report) -> None:
        """A client ended without a final answer for `report`."""
        with self._lock:
            self._told(report).given_up = True

    def object_to(self, words: str) -> None:
        """The server said something that it never may."""
        with self._lock:
            self.wrong.append(words)

    def count(self, answer: str) -> int:
        """How many attempts at a report were answered so."""
        with self._lock:
            return sum(told.answers[answer] for told in self.told.values())

    def _told(self, report: Report) -> Told:
        return self.told.setdefault(report.id, Told(report))
