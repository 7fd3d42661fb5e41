"""through: single POSTs with everything on this machine: does counting keep up, and how soon is a view to be seen."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import ExitStack, closing
from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.client import Load, send
from benchmarks.figures import Board, Compare, percentile
from benchmarks.partner import Partner
from benchmarks.place import HEADERS
from benchmarks.servers import web_server
from tests.facts import report, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.client import Outcome
    from benchmarks.place import Place, System
    from benchmarks.sizes import Sizes

SECTION = "through"
WORKER_PROCESSES = 2
CALM_PER_SECOND = 100
SAMPLE_SECONDS = 0.1
LOOK_SECONDS = 0.005
PATIENCE_SECONDS = 30.0


class Moment(NamedTuple):
    """What the journal said at a time."""

    at: float
    settled: int
    waiting: int


def measure(place: Place, sizes: Sizes, board: Board) -> None:
    """On each database: as fast as it goes, then at 100 reports a second and at half of what went."""
    for database in sizes.databases:
        with ExitStack() as stack:
            system = stack.enter_context(place.system(database))
            port = stack.enter_context(web_server(place.folder, system.env))
            stack.enter_context(system.worker(WORKER_PROCESSES))
            client = stack.enter_context(Partner("benchmarks.client"))
            traffic = Traffic(place, sizes, system, port, client)
            for _ in range(sizes.rounds):
                most = _flood(traffic, database, board)
                for words, pace in ((f"{CALM_PER_SECOND}/s", CALM_PER_SECOND), ("half of the most", most / 2)):
                    _look(traffic, f"{database}, at {words}", pace, board)
                system.facts.assert_exact()
    board.remark(
        SECTION,
        f"{WORKER_PROCESSES} web and {WORKER_PROCESSES} worker processes, as `pulse up` has on two cores; no Flower.",
    )
    board.remark(
        SECTION,
        "To be seen: from the 202 until GET /admin/analytics/top?q=ID holds the video, asked every 5 ms. Who looks"
        " reports these views himself, one after the other, besides the client, which is our own and not wrk.",
    )


class Traffic:
    """What a round sends."""

    def __init__(self, place: Place, sizes: Sizes, system: System, port: int, client: Partner) -> None:
        self.system = system
        self.port = port
        self.client = client
        self.sizes = sizes
        self._place = place

    def begin(self, posts: int, per_second: float = 0.0) -> Callable[[], Outcome]:
        """Let so many single POSTs be sent; what is returned waits for their end."""
        reports = asdict(self._place.reports(posts, self.sizes.videos))
        load = Load(port=self.port, reports=reports, connections=self.sizes.connections, per_second=per_second)
        return send(self.client, load)

    def moment(self) -> Moment:
        """What the journal says now."""
        return Moment(time.monotonic(), self.system.facts.ledger()["settled"], self.system.facts.waiting())


def _flood(traffic: Traffic, database: str, board: Board) -> float:
    """One round as fast as it goes; how many were accepted a second."""
    posts, facts = traffic.sizes.through_posts, traffic.system.facts
    rows, accepted = facts.rows(), facts.ledger()["accepted"]
    end = traffic.begin(posts)
    moments = [traffic.moment()]
    while facts.ledger()["accepted"] - accepted < posts:
        time.sleep(SAMPLE_SECONDS)
        moments.append(traffic.moment())
    rate = posts / end().seconds
    wait_until(lambda: facts.waiting() == 0, PATIENCE_SECONDS)
    assert facts.rows() - rows == posts
    counted = (moments[-1].settled - moments[0].settled) / (moments[-1].at - moments[0].at)
    name = f"{database}, as fast as it goes"
    board.add(SECTION, name, "events/s", counted, "counted", compare=Compare.RIVALS)
    board.add(SECTION, name, "events/s", rate, "accepted", compare=Compare.RIVALS)
    _add_journal(name, moments, board)
    return rate


def _add_journal(name: str, moments: list[Moment], board: Board) -> None:
    """The journal's length in the round's first half and in its second: does it grow?"""
    lengths = [moment.waiting for moment in moments]
    middle = (len(lengths) + 1) // 2
    for who, part in (("first half of a round", lengths[:middle]), ("second half", lengths[middle:] or lengths)):
        board.add(SECTION, name, "entries wait (median)", median(part), who, compare=Compare.NOT)
    board.add(SECTION, name, "entries wait (most)", max(lengths), "journal", compare=Compare.NOT)


def _look(traffic: Traffic, name: str, per_second: float, board: Board) -> None:
    """One round at a pace, while we report views of videos of our own and look until each is to be seen."""
    posts = max(1, int(per_second * traffic.sizes.through_seconds))
    end = traffic.begin(posts, per_second)
    until = time.monotonic() + posts / per_second
    times: list[float] = []
    with closing(http.client.HTTPConnection("127.0.0.1", traffic.port, timeout=PATIENCE_SECONDS)) as connection:
        while not times or time.monotonic() < until:
            times.append(_see(connection, f"seen-{time.time_ns()}"))
    board.add(SECTION, name, "events/s", posts / end().seconds, "accepted", compare=Compare.NOT)
    wait_until(lambda: traffic.system.facts.waiting() == 0, PATIENCE_SECONDS)
    for percent in (50, 99):
        board.add(SECTION, name, f"202 to seen, p{percent} ms", percentile(times, percent) * 1000, compare=Compare.NOT)
    board.add(SECTION, name, "views looked for", len(times), compare=Compare.NOT)


def _see(connection: http.client.HTTPConnection, video_id: str) -> float:
    """Report a view of a new video; how many seconds after the 202 the ranking holds it."""
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
    raise TimeoutError(f"{video_id} was accepted and is not to be seen.")
