"""Play the day, compare the counts, print the result."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import click

from pulse_analytics.events import DEFAULT_EVENT
from pulse_analytics.simulate.client import Client
from pulse_analytics.simulate.compare import UNCHANGED_SECONDS, Comparison
from pulse_analytics.simulate.crowd import Crowd
from pulse_analytics.simulate.pace import Pace
from pulse_analytics.simulate.plan import Site
from pulse_analytics.simulate.verdict import describe_answers, describe_outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulse_analytics.simulate.compare import ReadCounts


def yesterday() -> date:
    """The UTC day to play: it is over, so every ts is in the past, and less than 7 days ago, so every ts counts."""
    return datetime.now(UTC).date() - timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to play, and where."""

    url: str
    """The root of the API."""
    viewers: int = 1000
    videos: int = 50
    rate: float = 0.0
    """Reports per second; 0 means as fast as possible."""
    seed: int = 1
    clients: int = 8
    """Threads, each with a connection of its own."""
    day: date = field(default_factory=yesterday)
    events: tuple[str, ...] = (DEFAULT_EVENT,)
    """The event types that the server accepts, in the order of their shares."""
    timeout_seconds: float = 5.0
    """How long a client waits for an answer."""
    patience_seconds: float = 60.0
    """How long a client retries the same report."""
    unchanged_seconds: float = UNCHANGED_SECONDS
    """How long the counts may stay unchanged before what is missing is reported as missing."""


def simulate(options: Options, counts: ReadCounts, out: Callable[[str], object] = click.echo) -> bool:
    """Play a day against the API, and compare how far each video's count of each event rose with what was accepted.

    Returns True if every report was answered, none was refused and the counts are equal. Ctrl-C ends it early: it
    prints what is known by then and returns False. Exceptions of `counts` reach the caller.
    """
    site = Site(
        seed=options.seed, viewers=options.viewers, videos=options.videos, day=options.day, events=options.events
    )
    stop = threading.Event()
    with closing(_client(options, stop)) as client:
        if not client.is_anyone_there():
            out(f"Nothing answers at {options.url}. Is `pulse up` running?")
            return False
    try:
        return _play_and_compare(site, options, counts, stop, out)
    except KeyboardInterrupt:
        out("Interrupted: not compared.")
        return False


def _play_and_compare(
    site: Site, options: Options, counts: ReadCounts, stop: threading.Event, out: Callable[[str], object]
) -> bool:
    planned = site.count_reports()
    comparison = Comparison(counts, site.video_ids(), options.events)
    crowd = Crowd(site.visits(), lambda: _client(options, stop), Pace(options.rate, stop), stop)
    began = time.monotonic()
    try:
        _play(crowd, planned, options.clients)
    finally:
        tally = crowd.tally()
        out(describe_answers(tally, planned, time.monotonic() - began, options.events))
    if tally.unknown:
        out("Not compared: the reports with an unknown outcome may or may not have been accepted.")
        return False
    outcome = comparison.wait(tally.accepted, unchanged_seconds=options.unchanged_seconds)
    out(describe_outcome(outcome, tally, options.events))
    return not (outcome.differences or tally.refused)


def _play(crowd: Crowd, planned: int, clients: int) -> None:
    # The progress bar goes to stderr, so that stdout holds only the result.
    with click.progressbar(length=planned, label="Reports answered", file=sys.stderr) as bar:
        crowd.play(clients, lambda answered: bar.update(answered - bar.pos))


def _client(options: Options, stop: threading.Event) -> Client:
    return Client(options.url, stop, timeout_seconds=options.timeout_seconds, patience_seconds=options.patience_seconds)
