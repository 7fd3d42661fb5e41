"""Clients that behave like the player: they retry a report until they get a final answer."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from crash.evidence import NO_ANSWER, Report
from pulse_analytics.events import EVENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crash.evidence import Evidence

CLIENTS = 6
TIMEOUT_SECONDS = 2.0
PATIENCE_SECONDS = 60.0
FANS_SHARE = 0.3
"""The share of new reports that are of fans, if there are any."""
RETRY_AFTER_MAX_SECONDS = 0.5
"""The longest Retry-After that a client obeys, to keep runs short."""

VIDEOS = ("hot", "hot", "hot", "hot", "v1", "v2", "v3", "clip:a%3A", "Ünï😀")
EVENTS = tuple(EVENT_TYPES)
TRY_AGAIN = frozenset({408, 429, 503})
_TS_OFFSETS_MS = (0, 0, 0, -86_400_000, -6 * 86_400_000, -30 * 86_400_000, 240_000, 86_400_000)


class Habits(NamedTuple):
    """How clients send."""

    pause_seconds: float = 0.04
    """The mean pause between two deliveries of one client."""
    largest_batch: int = 300
    """The size of the largest deliveries, which are rare. Batches of 2 to 20 are more frequent, single reports most."""
    fans: Sequence[str] = ()
    """Viewers of whom all clients send reports, each of many videos."""


class Crowd:
    """The clients of one run, and the ports where they reach the web processes."""

    def __init__(self, ports: Sequence[int], evidence: Evidence, seed: int, habits: Habits | None = None) -> None:
        self._recent: deque[Report] = deque(maxlen=60)
        self._leave = threading.Event()
        self._hurry = threading.Event()
        self._clients = [
            _Client(f"{seed}-{number}", ports, evidence, self._recent, self._leave, self._hurry, habits or Habits())
            for number in range(CLIENTS)
        ]

    def start(self) -> None:
        """Start to send reports."""
        for client in self._clients:
            client.start()

    def leave(self) -> None:
        """Create no new reports; retries of earlier ones go on."""
        self._leave.set()

    def is_gone(self) -> bool:
        """Whether all have ended."""
        return not any(client.is_alive() for client in self._clients)

    def end(self) -> None:
        """Give up the reports that are left, and wait until all clients have ended."""
        self._leave.set()
        self._hurry.set()
        for client in self._clients:
            if client.ident is not None:
                client.join()


class _Answer(NamedTuple):
    status: int
    """0 means no answer."""
    body: Any = None
    retry_after_seconds: float = 0.0
    sent: bool = True


class _Client(threading.Thread):
    def __init__(
        self,
        name: str,
        ports: Sequence[int],
        evidence: Evidence,
        recent: deque[Report],
        leave: threading.Event,
        hurry: threading.Event,
        habits: Habits,
    ) -> None:
        super().__init__(name=f"client {name}", daemon=True)
        self._chance = random.Random(name)
        self._connections = {port: http.client.HTTPConnection("127.0.0.1", port, TIMEOUT_SECONDS) for port in ports}
        self._evidence = evidence
        self._recent = recent
        self._leave = leave
        self._hurry = hurry
        self._habits = habits
        self._viewers = 0

    def run(self) -> None:
        while not self._leave.wait(self._chance.expovariate(1 / self._habits.pause_seconds)):
            reports = self._choose()
            self._recent.extend(reports)
            self._deliver(reports)
        for connection in self._connections.values():
            connection.close()

    def _choose(self) -> list[Report]:
        """What to deliver next: mostly a new report; else the same one again, or a viewer's next one of a video."""
        dice = self._chance.random()
        if dice < 0.1 and self._recent:
            return [self._chance.choice(list(self._recent))]
        if dice < 0.2 and self._recent:
            known = self._chance.choice(list(self._recent))
            event = self._chance.choice([known.event, self._chance.choice(EVENTS)])
            return [Report(known.video_id, known.user_id, self._ts(), event)]
        if dice < 0.28:
            return [self._new() for _ in range(self._chance.randint(2, 20))]
        if dice < 0.285:
            return [self._new() for _ in range(self._habits.largest_batch)]
        return [self._new()]

    def _new(self) -> Report:
        self._viewers += 1
        video_id, event = self._chance.choice(VIDEOS), self._chance.choice(EVENTS)
        user_id = f"{self.name}: {self._viewers}"
        if self._habits.fans and self._chance.random() < FANS_SHARE:
            user_id = self._chance.choice(self._habits.fans)
        return Report(video_id, user_id, self._ts(), event)

    def _ts(self) -> int:
        return time.time_ns() // 1_000_000 + self._chance.choice(_TS_OFFSETS_MS)

    def _deliver(self, reports: list[Report]) -> None:
        deadline, tries = time.monotonic() + PATIENCE_SECONDS, 0
        while reports:
            if time.monotonic() > deadline or self._hurry.is_set():
                for report in reports:
                    self._evidence.give_up(report)
                return
            answer = self._post(reports)
            reports = self._read(reports, answer)
            tries += 1
            if reports:
                pause = answer.retry_after_seconds or min(0.05 * 2.0 ** min(tries, 8), 0.5)
                self._hurry.wait(min(pause, RETRY_AFTER_MAX_SECONDS) * self._chance.uniform(0.5, 1))

    def _post(self, reports: Sequence[Report]) -> _Answer:
        connection = self._connections[self._chance.choice(list(self._connections))]
        single = len(reports) == 1
        path = "/analytics" if single else "/analytics/batch"
        body = json.dumps(reports[0].wire() if single else {"events": [report.wire() for report in reports]})
        started, connected = time.monotonic(), False
        try:
            if connection.sock is None:
                connection.connect()
            connected = True
            connection.request("POST", path, body.encode(), {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = _Answer(response.status, _parse(response.read()), _seconds(response.getheader("Retry-After")))
        except (OSError, http.client.HTTPException):
            connection.close()
            answer = _Answer(0, sent=connected)
        self._evidence.attempt(str(answer.status or NO_ANSWER), time.monotonic() - started)
        return answer

    def _read(self, reports: list[Report], answer: _Answer) -> list[Report]:
        """Note the answer to each report; returns those that must be retried."""
        if answer.status in {200, 202}:
            return self._read_final(reports, answer)
        if answer.status not in TRY_AGAIN and answer.status != 0:
            self._evidence.object_to(f"{answer.status} {str(answer.body)[:300]} for {[r.id for r in reports[:3]]}")
        for report in reports:
            self._evidence.answer(report, "unknown" if answer.sent else "unsent")
        # To a player a 4xx is final. Here it is also wrong, because all these reports are valid.
        return [] if 400 <= answer.status < 500 and answer.status not in TRY_AGAIN else reports

    def _read_final(self, reports: list[Report], answer: _Answer) -> list[Report]:
        body = answer.body if isinstance(answer.body, dict) else {}
        results = body.get("results", [body]) if answer.status == 202 else [body]
        promised = {"queued", "duplicate"} if len(reports) > 1 else {{202: "queued", 200: "duplicate"}[answer.status]}
        if (
            len(results) != len(reports)
            or not all(map(self._is_of, results, reports))
            or not promised.issuperset(result.get("status") for result in results)
        ):
            self._evidence.object_to(f"{answer.status} {str(answer.body)[:300]} for {[r.id for r in reports[:3]]}")
            return []
        for report, result in zip(reports, results, strict=True):
            self._evidence.answer(report, result["status"])
        return []

    def _is_of(self, result: dict[str, Any], report: Report) -> bool:
        return result.get("eventId") in self._evidence.forms(report)


def _parse(data: bytes) -> object:
    try:
        return json.loads(data)
    except ValueError:
        return data


def _seconds(header: str | None) -> float:
    return float(header) if header and header.isdecimal() else 0.0
