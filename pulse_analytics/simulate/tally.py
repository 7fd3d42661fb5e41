"""What the answers mean: which reports the server accepted, and where each must count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pulse_analytics.simulate.client import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pulse_analytics.simulate.client import Reply
    from pulse_analytics.simulate.plan import Report

REASONS_SHOWN = 5


@dataclass(slots=True)
class Tally:
    """The answers so far. Each thread keeps its own; `Tally.total` sums them."""

    answered: int = 0
    """Reports whose outcome is known: accepted, duplicate or refused."""
    duplicates: int = 0
    refused: int = 0
    unknown: int = 0
    retries: int = 0
    """Requests sent again because an answer was missing or asked for a retry."""
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By video and event: the reports that must each count once."""
    inferred: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By video and event: the accepted reports whose only answer was a 200 after an unclear outcome."""
    reasons: list[str] = field(default_factory=list)
    """The first few reasons why reports were refused or their outcome stayed unknown."""

    @classmethod
    def total(cls, tallies: Iterable[Tally]) -> Tally:
        """The sum of several threads' tallies."""
        total = cls()
        for tally in tallies:
            total.answered += tally.answered
            total.duplicates += tally.duplicates
            total.refused += tally.refused
            total.unknown += tally.unknown
            total.retries += tally.retries
            total.accepted.update(tally.accepted)
            total.inferred.update(tally.inferred)
            total.reasons = (total.reasons + tally.reasons)[:REASONS_SHOWN]
        return total


class Viewer:
    """What the server is known to hold for one viewer, which decides what each answer means.

    The answers must come in the order in which the reports were sent.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._claimed: set[tuple[str, str]] = set()
        self._accepted: set[Report] = set()

    def note(self, reports: Sequence[Report], reply: Reply) -> None:
        """Add the answer to one request to the tally."""
        self._tally.retries += reply.retries
        if reply.why and len(self._tally.reasons) < REASONS_SHOWN:
            self._tally.reasons.append(reply.why)
        for report, status in zip(reports, reply.statuses, strict=True):
            self._note_one(report, status, unclear=reply.unclear)

    def _note_one(self, report: Report, status: Status, *, unclear: bool) -> None:
        tally = self._tally
        if status is Status.UNKNOWN:
            tally.unknown += 1
            return
        tally.answered += 1
        if status is Status.REFUSED:
            tally.refused += 1
        elif report not in self._accepted and self._is_accepted(report, status, unclear=unclear):
            self._accepted.add(report)
            tally.accepted[report.counter] += 1
            tally.inferred[report.counter] += status is Status.DUPLICATE
        else:
            tally.duplicates += 1
        if status is not Status.REFUSED:
            self._claimed.add(report.counter)

    def _is_accepted(self, report: Report, status: Status, *, unclear: bool) -> bool:
        """Whether the server accepted this report.

        "Duplicate" may mean that an earlier attempt at this same report was accepted and its answer was lost. But if
        viewer, video and event were known to be claimed before the first attempt, it is a duplicate of that claim.
        """
        return status is Status.QUEUED or (unclear and report.counter not in self._claimed)
