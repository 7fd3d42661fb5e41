"""What the clients were answered: for each report ever sent, the answers to all its attempts."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from pulse_analytics.events import DEFAULT_EVENT, event_id
from pulse_analytics.user_ids import UserIds

NO_ANSWER = "no answer"
KEY = "the-key-of-user-ids-in-the-crash-harness"
"""PULSE_USER_ID_KEY, if it is set."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a player reports: created when the milestone is crossed, and never changed."""

    video_id: str
    user_id: str
    ts: int
    event: str = DEFAULT_EVENT

    @property
    def id(self) -> str:
        """The event id that the server must give it, unless user ids are keyed."""
        return event_id(self.video_id, self.event, self.user_id, self.ts)

    @property
    def claim(self) -> tuple[str, str, str]:
        """The video, its viewer and the event, which together count once."""
        return self.video_id, self.user_id, self.event

    def wire(self) -> dict[str, str | int]:
        """The report's JSON, as the player sends it."""
        return {"videoId": self.video_id, "event": self.event, "userId": self.user_id, "ts": self.ts}


@dataclass(slots=True)
class Told:
    """The answers to one report, over all attempts by all clients that sent it."""

    report: Report
    answers: Counter[str] = field(default_factory=Counter)
    """How often `queued`, `duplicate`, `unknown` (sent, without an answer that says the outcome) or `unsent`."""
    queued_at: list[float] = field(default_factory=list)
    """When each answer `queued` arrived, in seconds since 1970."""
    given_up: bool = False
    """Whether a client that sent it never got a final answer."""

    @property
    def most_accepted(self) -> int:
        """How often it may have been accepted."""
        return self.answers["queued"] + self.answers["unknown"]

    def accepted_after(self, moment: float) -> int:
        """How often it may have been accepted after `moment`. An attempt of unknown outcome may take effect late."""
        return sum(at > moment for at in self.queued_at) + self.answers["unknown"]


class Evidence:
    """All answers that the clients got in one run. Thread-safe."""

    def __init__(self, *, keyed: bool = False) -> None:
        """`keyed`: user ids may be stored as keyed hashes."""
        self._user_ids = UserIds.parse(f"{KEY} plain") if keyed else UserIds()
        self.told: dict[str, Told] = {}
        self.wrong: list[str] = []
        """Answers that the API does not define, in words."""
        self.statuses: Counter[str] = Counter()
        """Attempts by HTTP status, or NO_ANSWER."""
        self.slowest_seconds = 0.0
        """The slowest answer. Attempts without an answer are left out: they take as long as the client's timeout."""
        self._lock = threading.Lock()

    def forms(self, report: Report) -> dict[str, str]:
        """The event ids that the server may give it, each with the form in which it then stores the user id."""
        return {
            event_id(report.video_id, report.event, form, report.ts): form
            for form in self._user_ids.all_forms(report.user_id)
        }

    def attempt(self, status: str, seconds: float) -> None:
        """Note how one request ended: its status, or NO_ANSWER."""
        with self._lock:
            self.statuses[status] += 1
            if status != NO_ANSWER:
                self.slowest_seconds = max(self.slowest_seconds, seconds)

    def forget_attempts(self) -> tuple[Counter[str], float]:
        """Reset `statuses` and `slowest_seconds`, and return their old values. The reports' answers stay."""
        with self._lock:
            before = self.statuses, self.slowest_seconds
            self.statuses, self.slowest_seconds = Counter(), 0.0
            return before

    def answer(self, report: Report, answer: str) -> None:
        """Note the answer to one attempt to send `report`."""
        with self._lock:
            told = self._told(report)
            told.answers[answer] += 1
            if answer == "queued":
                told.queued_at.append(time.time())

    def give_up(self, report: Report) -> None:
        """Note that a client ended without a final answer for `report`."""
        with self._lock:
            self._told(report).given_up = True

    def object_to(self, words: str) -> None:
        """Note an answer that the server must never give."""
        with self._lock:
            self.wrong.append(words)

    def count(self, answer: str) -> int:
        """How many attempts, over all reports, got this answer."""
        with self._lock:
            return sum(told.answers[answer] for told in self.told.values())

    def _told(self, report: Report) -> Told:
        return self.told.setdefault(report.id, Told(report))
