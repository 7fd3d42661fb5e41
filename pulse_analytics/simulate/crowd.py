"""The viewers of the day, played by a few threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from typing import TYPE_CHECKING

from pulse_analytics.simulate.tally import Tally, Viewer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pulse_analytics.simulate.client import Client
    from pulse_analytics.simulate.pace import Pace
    from pulse_analytics.simulate.plan import Visit

PROGRESS_SECONDS = 0.2


class Crowd:
    """Plays visits over HTTP. One thread plays a visit in order, so that earlier answers explain later ones."""

    def __init__(
        self, visits: Iterator[Visit], connect: Callable[[], Client], pace: Pace, stop: threading.Event
    ) -> None:
        self._visits = visits
        self._visits_lock = threading.Lock()
        self._connect = connect
        self._pace = pace
        self._stop = stop
        self._tallies: list[Tally] = []

    def play(self, clients: int, progress: Callable[[int], object]) -> None:
        """Play with `clients` threads until no visit is left, a report's outcome stays unknown or the run is stopped.

        `progress` is called from time to time with the number of reports answered so far.
        """
        self._tallies = [Tally() for _ in range(clients)]
        with ThreadPoolExecutor(clients, "viewers") as threads:
            players = [threads.submit(self._play_visits, tally) for tally in self._tallies]
            try:
                while wait(players, PROGRESS_SECONDS).not_done:
                    progress(self._answered())
            finally:
                self._stop.set()
        progress(self._answered())
        for player in players:
            player.result()

    def tally(self) -> Tally:
        """All answers so far."""
        return Tally.total(self._tallies)

    def _answered(self) -> int:
        return sum(tally.answered for tally in self._tallies)

    def _play_visits(self, tally: Tally) -> None:
        try:
            with closing(self._connect()) as client:
                while not self._stop.is_set() and (visit := self._next_visit()):
                    self._pace.wait(len(visit.reports), burst=visit.burst)
                    self._play(visit, client, tally)
        except BaseException:
            self._stop.set()
            raise

    def _next_visit(self) -> Visit | None:
        with self._visits_lock:
            return next(self._visits, None)

    def _play(self, visit: Visit, client: Client, tally: Tally) -> None:
        viewer = Viewer(tally)
        if visit.offline and not self._stop.is_set():
            viewer.note(visit.reports, client.post_batch(visit.reports))
        for report in () if visit.offline else visit.reports:
            if self._stop.is_set():
                return
            viewer.note([report], client.post(report))
        if tally.unknown:
            # Without this answer the comparison means nothing, and with a dead server each report would take 60 s.
            self._stop.set()
