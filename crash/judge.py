"""Compares what the clients were answered with what Redis and the database hold. Pure: no I/O."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from crash.identify import identify
from crash.judge_errands import allowed_rows, count_key, judge_errands, judge_forms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from crash.errands import Errand
    from crash.evidence import Evidence, Told
    from crash.found import Found, Row

_K = TypeVar("_K")

FAULTS = (
    "lost",
    "double",
    "phantom",
    "wrong answer",
    "unanswered",
    "left over",
    "ledger",
    "audit",
    "not erased",
    "not expired",
    "unfinished",
    "never came back",
)


@dataclass
class Verdict:
    """How many faults of each kind there are, and a description of each."""

    counts: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What helps to understand the faults, if there are any."""

    @property
    def good(self) -> bool:
        """Whether there is no fault."""
        return not self.counts

    def add(self, fault: str, words: str, count: int = 1) -> None:
        """Note a fault, one of FAULTS."""
        self.counts[fault] += count
        self.words.append(f"{fault}: {words}")

    def __str__(self) -> str:
        return ", ".join(f"{count} {fault}" for fault, count in self.counts.items()) or "good"


def judge(evidence: Evidence, found: Found, errands: Sequence[Errand] = (), *, keys_kept: bool) -> Verdict:
    """Compare. `errands`: what operators did. `keys_kept`: no harm removed dedupe keys, so each claim may have one row
    at most, unless its viewer was forgotten in between."""
    verdict = Verdict(notes=[f"  {errand}" for errand in errands])
    judge_forms(verdict, evidence, found, errands)
    found = identify(found, evidence)
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for row in found.ever:
        rows[row.id].append(row)
    for told in evidence.told.values():
        _judge_report(verdict, told, rows[told.report.id])
    _judge_claims(verdict, evidence, rows, errands, keys_kept=keys_kept)
    for row in found.ever:
        if row.id not in evidence.told:
            verdict.add("phantom", f"nobody sent {row}")
    for words in evidence.wrong:
        verdict.add("wrong answer", words)
    _judge_counters(verdict, found)
    _judge_journal(verdict, evidence, found)
    judge_errands(verdict, evidence, found, errands)
    return verdict


def _judge_report(verdict: Verdict, told: Told, rows: list[Row]) -> None:
    """Compare a report's answers with its rows: more than one if it was accepted again after its row was deleted."""
    report, answers = told.report, told.answers
    if answers["queued"] and not rows:
        verdict.add("lost", f"{report} {report.id} was told {dict(answers)} and has no row")
    if rows and not told.most_accepted:
        verdict.add("phantom", f"{rows[0]} was never accepted: {dict(answers)}")
    elif len(rows) > told.most_accepted:
        extra = len(rows) - told.most_accepted
        verdict.add("double", f"{rows[0]} was recorded {len(rows)} times: {dict(answers)}", extra)
    for row in rows:
        if row[1:5] != (report.video_id, report.event, report.user_id, report.ts):
            verdict.add("phantom", f"{row} is not what was sent: {report}")
    if told.given_up:
        verdict.add("unanswered", f"{report} {report.id}: {dict(answers)}")


def _judge_claims(
    verdict: Verdict,
    evidence: Evidence,
    rows: Mapping[str, list[Row]],
    errands: Sequence[Errand],
    *,
    keys_kept: bool,
) -> None:
    told: defaultdict[tuple[str, str, str], list[Told]] = defaultdict(list)
    for each in evidence.told.values():
        told[each.report.claim].append(each)
    for claim, reports in told.items():
        count = sum(len(rows[each.report.id]) for each in reports)
        # Without the keys, each report may be accepted: `_judge_report` sees whether it was.
        allowed = allowed_rows(reports, errands) if keys_kept else count
        answers = {each.report.id: dict(each.answers) for each in reports}
        if count > allowed:
            verdict.add("double", f"{claim} has {count} rows: {answers}", count - allowed)
        # A report that was answered "queued" and has no row is one fault, not two.
        duplicates = any(each.answers["duplicate"] for each in reports)
        if not count and duplicates and not any(each.answers["queued"] for each in reports):
            verdict.add("lost", f"{claim} was told that it counts and has no row: {answers}")


def _judge_counters(verdict: Verdict, found: Found) -> None:
    """Each counter must be the number of its rows and of what is in the archive."""
    days = Counter(count_key(row) for row in found.rows) + found.archived
    videos: Counter[tuple[str, str]] = Counter()
    totals: Counter[tuple[date, str]] = Counter()
    for (video, day, event), count in days.items():
        videos[video, event] += count
        totals[day, event] += count
    differences = (
        *_differences(found.metrics, videos),
        *_differences(found.daily, days),
        *_differences(found.totals, totals),
    )
    for key, counted, true in differences:
        fault = "double" if counted > true else "lost"
        verdict.add(fault, f"{key} is counted {counted} times and has {true} rows", abs(counted - true))


def _judge_journal(verdict: Verdict, evidence: Evidence, found: Found) -> None:
    left = {"waiting": found.waiting, "pending": found.pending, "dead letters": found.dead}
    if any(left.values()):
        verdict.add("left over", str(left))
    ledger = found.ledger
    if ledger["accepted"] != ledger["settled"] + found.waiting + ledger["parked"] + ledger["dropped"]:
        verdict.add("ledger", f"{ledger} with {found.waiting} waiting")
    least = evidence.count("queued")
    most = least + evidence.count("unknown")
    if not least <= ledger["accepted"] <= most:
        verdict.add("ledger", f"{ledger}: clients were told {least} times that they are accepted, {most} at most")


def _differences(found: Mapping[_K, int], true: Mapping[_K, int]) -> Iterator[tuple[_K, int, int]]:
    for key in sorted({*found, *true}, key=str):
        if found.get(key, 0) != true.get(key, 0):
            yield key, found.get(key, 0), true.get(key, 0)
