"""The result of the run, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulse_analytics.simulate.compare import Difference, Outcome
    from pulse_analytics.simulate.tally import Tally

DIFFERENCES_SHOWN = 10


def describe_answers(tally: Tally, planned: int, seconds: float) -> str:
    """How many reports were answered, and how."""
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
    return "\n".join([*lines, *(f"  {reason}" for reason in tally.reasons)])


def describe_outcome(outcome: Outcome, tally: Tally) -> str:
    """Whether the counts rose by what was accepted, and if not, for which videos."""
    if not outcome.differences:
        return f"All counted {outcome.seconds:.1f} s after the last answer; per video, counts and accepted: equal."
    shown = outcome.differences[:DIFFERENCES_SHOWN]
    lines = [f"{len(outcome.differences):,} videos differ:"]
    lines += [f"  {_describe(difference, tally)}" for difference in shown]
    if more := len(outcome.differences) - len(shown):
        lines.append(f"  and {more:,} more")
    if any(difference.rose < difference.accepted for difference in outcome.differences):
        lines.append("Is a worker running? And a report that an earlier run has recorded does not count again:")
        lines.append("after the dedupe keys expired or were flushed, use another --seed.")
    return "\n".join(lines)


def _describe(difference: Difference, tally: Tally) -> str:
    text = f"{difference.video_id}: accepted {difference.accepted:,}, the count rose by {difference.rose:,}"
    inferred = tally.inferred[difference.video_id]
    return f"{text} ({inferred:,} of the accepted by a 200 after an unclear outcome)" if inferred else text
