"""The result of the run, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulse_analytics.simulate.compare import Difference, Outcome
    from pulse_analytics.simulate.tally import Tally

DIFFERENCES_SHOWN = 10


def describe_answers(tally: Tally, planned: int, seconds: float, events: Sequence[str]) -> str:
    """How many reports were answered, and how; of several events, how many of each were accepted."""
    rate = tally.answered / max(seconds, 0.001)
    lines = [
        f"{tally.answered:,} of {planned:,} reports answered in {seconds:.1f} s, {rate:,.0f} reports/s",
        f"  accepted   {tally.accepted.total():>9,}",
        f"  duplicate  {tally.duplicates:>9,}",
        f"  refused    {tally.refused:>9,}",
        f"  unknown    {tally.unknown:>9,}",
        f"  retries    {tally.retries:>9,}",
    ]
    if inferred := tally.inferred.total():
        lines[1] += f"  ({inferred:,} by a 200 after an unclear outcome)"
    if len(events) > 1:
        lines[2:2] = [f"    {name:<20} {_accepted(tally, name):>9,}" for name in events]
    return "\n".join([*lines, *(f"  {reason}" for reason in tally.reasons)])


def describe_outcome(outcome: Outcome, tally: Tally, events: Sequence[str]) -> str:
    """Whether the counts rose by what was accepted, and if not, for which videos."""
    several = len(events) > 1
    if not outcome.differences:
        what = "per video and event" if several else "per video"
        return f"All counted {outcome.seconds:.1f} s after the last answer; {what}, counts and accepted: equal."
    shown = outcome.differences[:DIFFERENCES_SHOWN]
    lines = [f"{len(outcome.differences):,} {'counts of videos' if several else 'videos'} differ:"]
    lines += [f"  {_describe(difference, tally, several=several)}" for difference in shown]
    if more := len(outcome.differences) - len(shown):
        lines.append(f"  and {more:,} more")
    if any(difference.rose < difference.accepted for difference in outcome.differences):
        lines.append("Is a worker running? And a report that an earlier run has recorded does not count again:")
        lines.append("after the dedupe keys expired or were flushed, use another --seed.")
    return "\n".join(lines)


def _accepted(tally: Tally, event: str) -> int:
    return sum(count for (_, its_event), count in tally.accepted.items() if its_event == event)


def _describe(difference: Difference, tally: Tally, *, several: bool) -> str:
    name = f"{difference.video_id} {difference.event}" if several else difference.video_id
    text = f"{name}: accepted {difference.accepted:,}, the count rose by {difference.rose:,}"
    inferred = tally.inferred[difference.video_id, difference.event]
    return f"{text} ({inferred:,} of the accepted by a 200 after an unclear outcome)" if inferred else text
