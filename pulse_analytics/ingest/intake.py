"""Accept events: claim and append in one atomic step of the journal, then wake a worker if needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulse_analytics.ingest.journal import answering
from pulse_analytics.ingest.waker import waker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulse_analytics.events import Event


def accept(events: Sequence[Event]) -> list[bool]:
    """Accept each event (True: it is counted exactly once) or find it a duplicate (False), in order.

    Raises TryAgain if Redis fails or does not answer; at once while it hangs.
    """
    if not events:
        return []
    with answering() as journal:
        acceptance = journal.accept(events)
    if acceptance.wake:
        waker.wake()
    return acceptance.accepted
