"""through: single POSTs with the whole system on one machine: does counting keep up, and when does a view appear?"""

from __future__ import annotations

import http.client
import json
import time
from contextlib import ExitStack, closing
from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import wrk
from benchmarks.client import Load, send
from benchmarks.figures import PULSE, Board, Compare, percentile
from benchmarks.partner import Partner
from benchmarks.place import HEADERS
from benchmarks.rivals import fastify
from benchmarks.sides import WORKER_PROCESSES, Moment, Side, open_sides
from tests.facts import report, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.client import Outcome
    from benchmarks.place import Place
    from benchmarks.sizes import Sizes

SECTION = "through"
CALM_PER_SECOND = 100
SAMPLE_SECONDS = 0.1
MOST_REPORTS = 10_000_000
"""More than anything takes in a round of some seconds."""
LOOK_SECONDS = 0.005
PATIENCE_SECONDS = 30.0


def measure(place: Place, sizes: Sizes, board: Board) -> None:
    """On each database, measure all sides in turn at full speed, then our system at 100/s and at half its full rate."""
    for database in sizes.databases:
        with ExitStack() as stack:
            sides = open_sides(place, stack, database, sizes.against)
            traffic = Traffic(place, sizes, stack.enter_context(Partner("benchmarks.client")))
            for _ in range(sizes.rounds):
                most, *_ = (_flood(traffic, side, database, board) for side in sides)
                for words, pace in ((f"{CALM_PER_SECOND}/s", CALM_PER_SECOND), ("half of the maximum", most / 2)):
                    _look(traffic, sides[0], f"{database}, at {words}", pace, board)
    _remark(board, sizes)


class Traffic:
    """Sends the reports of a round."""

    def __init__(self, place: Place, sizes: Sizes, client: Partner) -> None:
        self.sizes = sizes
        self.wrk = wrk.find() if sizes.wrk else None
        self._client = client
        self._place = place

    def flood(self, port: int) -> Callable[[], Outcome]:
        """Start single POSTs at full speed, with wrk if there is one. Returns a function that waits for the end."""
        load = self._load(port, MOST_REPORTS, seconds=self.sizes.through_flood_seconds)
        return wrk.send(self.wrk, load) if self.wrk else send(self._client, load)

    def begin(self, port: int, posts: int, per_second: float) -> Callable[[], Outcome]:
        """Start sending `posts` single POSTs. Returns a function that waits for the end."""
        return send(self._client, self._load(port, posts, per_second=per_second))

    def _load(self, port: int, posts: int, *, per_second: float = 0.0, seconds: float = 0.0) -> Load:
        reports = asdict(self._place.reports(posts, self.sizes.videos))
        connections = self.sizes.connections
        return Load(port=port, reports=reports, connections=connections, per_second=per_second, seconds=seconds)


def _flood(traffic: Traffic, side: Side, database: str, board: Board) -> float:
    """One round at full speed. Returns how many reports were accepted per second."""
    recorded = side.moment().recorded
    end = traffic.flood(side.port)
    moments = [side.moment()]
    while moments[-1].at - moments[0].at < traffic.sizes.through_flood_seconds - SAMPLE_SECONDS:
        time.sleep(SAMPLE_SECONDS)
        moments.append(side.moment())
    outcome = end()
    rate = outcome.requests / outcome.seconds
    # At its end, wrk does not wait for the answers to its last requests.
    least = recorded + outcome.requests
    side.finish(least, least + traffic.sizes.connections if traffic.wrk else least)
    first, last = moments[0], moments[-1]
    counted = (last.recorded - first.recorded) / (last.at - first.at)
    name = f"{database}, as fast as it goes"
    board.add(SECTION, name, "counted/s", counted, side.who)
    board.add(SECTION, name, "accepted/s", rate, side.who)
    board.add(SECTION, name, "events wait at the end", last.waiting, side.who, compare=Compare.NOT)
    if side.who == PULSE:
        board.add(SECTION, f"{name}, pulse", "events/s", counted, "counted")
        board.add(SECTION, f"{name}, pulse", "events/s", rate, "accepted")
        _add_journal(f"{name}, pulse", moments, board)
    return rate


def _add_journal(name: str, moments: list[Moment], board: Board) -> None:
    """Add the journal's length in the first and second half of the round, which shows whether it grows."""
    lengths = [moment.waiting for moment in moments]
    middle = (len(lengths) + 1) // 2
    for who, part in (("first half of a round", lengths[:middle]), ("second half", lengths[middle:] or lengths)):
        board.add(SECTION, name, "entries wait (median)", median(part), who, compare=Compare.NOT)
    board.add(SECTION, name, "entries wait (most)", max(lengths), "journal", compare=Compare.NOT)


def _look(traffic: Traffic, side: Side, name: str, per_second: float, board: Board) -> None:
    """One round at a given pace, while we also report views of new videos and poll until each is in the ranking."""
    posts = max(1, int(per_second * traffic.sizes.through_seconds))
    end = traffic.begin(side.port, posts, per_second)
    until = time.monotonic() + posts / per_second
    times: list[float] = []
    with closing(http.client.HTTPConnection("127.0.0.1", side.port, timeout=PATIENCE_SECONDS)) as connection:
        while not times or time.monotonic() < until:
            times.append(_see(connection, f"seen-{time.time_ns()}"))
    board.add(SECTION, name, "events/s", posts / end().seconds, "accepted", compare=Compare.NOT)
    wait_until(lambda: side.moment().waiting == 0, PATIENCE_SECONDS)
    for percent in (50, 99):
        board.add(
            SECTION, name, f"202 to visible, p{percent} ms", percentile(times, percent) * 1000, compare=Compare.NOT
        )
    board.add(SECTION, name, "views polled for", len(times), compare=Compare.NOT)


def _see(connection: http.client.HTTPConnection, video_id: str) -> float:
    """Report a view of a new video. Returns how many seconds after the 202 it appears in the ranking."""
    headers = {**HEADERS, "Content-Type": "application/json"}
    connection.request("POST", "/analytics", json.dumps(report(video_id)), headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 202
    accepted = time.monotonic()
    while time.monotonic() - accepted < PATIENCE_SECONDS:
        connection.request("GET", f"/admin/analytics/top?q={video_id}", headers=HEADERS)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        if [video["watched50Count"] for video in json.loads(body)["videos"]] == [1]:
            return time.monotonic() - accepted
        time.sleep(LOOK_SECONDS)
    raise TimeoutError(f"{video_id} was accepted and does not appear in the ranking.")


def _remark(board: Board, sizes: Sizes) -> None:
    board.remark(
        SECTION,
        f"{WORKER_PROCESSES} web and {WORKER_PROCESSES} worker processes, as `pulse up` has on two cores; no Flower.",
    )
    if "postgresql" in sizes.databases:
        text = "The Node rival has as many workers as web processes; of the two, the faster one counts."
        board.remark(SECTION, fastify.lacks() or f"{text} After each turn its queue is emptied.")
    board.remark(
        SECTION,
        "202 to visible: from the 202 until GET /admin/analytics/top?q=ID holds the video, polled every 5 ms. The "
        "poller reports these views itself, one at a time, beside the client, which is our own at a given pace, and "
        "wrk, if installed, at full speed.",
    )
