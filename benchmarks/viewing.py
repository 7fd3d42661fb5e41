"""A viewing by a viewer of `pulse simulate`: what it costs with the half alone, and with all events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulse_analytics.events import DEFAULT_EVENT, EVENT_TYPES, Event, event_id
from pulse_analytics.ingest.drain import drain
from pulse_analytics.simulate.plan import Site
from pulse_analytics.simulate.run import yesterday

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.figures import Board
    from benchmarks.place import Place, System
    from benchmarks.sizes import Sizes
    from pulse_analytics.simulate.plan import Report, Visit

WHAT = "a viewing by a simulated viewer"
VIEWERS_SHARE = 10
"""One viewer for this many events of the section: each sends about five."""
EVENTS = {"the half alone": (DEFAULT_EVENT,), "all events": tuple(EVENT_TYPES)}


def measure_viewing(place: Place, sizes: Sizes, board: Board, section: str) -> None:
    """Play one plan, once with each choice of events, and divide everything by the number of sessions that start."""
    site = Site(seed=1, viewers=sizes.waiting // VIEWERS_SHARE, videos=50, day=yesterday(), events=tuple(EVENT_TYPES))
    visits = list(site.visits())
    first = next(iter(EVENT_TYPES))
    viewings = sum(report.event == first for visit in visits for report in set(visit.reports))
    for of, names in EVENTS.items():
        with place.system("sqlite") as system, system.app.app_context():
            system.fill(place.reports(1, 1))  # The scripts' memory must not count as a viewing's.
            _count(system)
            place.calm()
            for figure, value, unit in _figures(system, visits, names):
                board.add(section, f"{WHAT}: {figure}", unit, value / viewings, of)


def _figures(system: System, visits: list[Visit], names: tuple[str, ...]) -> Iterator[tuple[str, float, str]]:
    requests, before, rows = 0, _used(system), system.facts.rows()
    for request in _requests(visits, names):
        requests += 1
        system.journal.accept([_event(report) for report in request])
    waiting, entries = _used(system) - before, system.facts.waiting()
    yield "requests", requests, ""
    yield "accepted events", entries, ""
    yield "Redis while they wait", waiting, "bytes"
    _count(system)
    yield "Redis afterwards (dedupe keys)", _used(system) - before, "bytes"
    yield "rows of raw events", system.facts.rows() - rows, ""


def _count(system: System) -> None:
    while drain(system.journal, "benchmark", lambda: None):
        pass
    system.facts.wait_until_settled(0)


def _requests(visits: list[Visit], names: tuple[str, ...]) -> Iterator[Sequence[Report]]:
    """What players send: each report by itself, or all of a visit that was offline."""
    for visit in visits:
        reports = [report for report in visit.reports if report.event in names]
        if visit.offline and reports:
            yield reports
        elif not visit.offline:
            yield from ([report] for report in reports)


def _event(report: Report) -> Event:
    return Event(
        id=event_id(report.video_id, report.event, report.user_id, report.ts),
        video_id=report.video_id,
        event=report.event,
        user_id=report.user_id,
        ts=report.ts,
        received_at=report.ts,
    )


def _used(system: System) -> int:
    about: Any = system.redis.info("memory")
    return int(about["used_memory"])
