"""Compares what the clients were answered with what Redis and the database hold. Pure: no I/O."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from pulse_analytics.events import Event, count_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crash.evidence import Evidence, Told
    from crash.found import Found, Row

_K = TypeVar("_K")

FAULTS = ("lost", "double", "phantom", "wrong answer", "unanswered", "left over", "ledger", "audit", "never came back")


@dataclass
class Verdict:
    """How many faults of each kind there are, and a description of each."""

    counts: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)

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


def judge(evidence: Evidence, found: Found, *, keys_kept: bool) -> Verdict:
    """Compare. `keys_kept`: no harm removed dedupe keys, so each claim may have one row at most."""
    verdict = Verdict()
    rows = {row.id: row for row in found.rows}
    for told in evidence.told.values():
        _judge_report(verdict, told, rows.get(told.report.id))
    _judge_claims(verdict, evidence, found, keys_kept=keys_kept)
    for row in found.rows:
        if row.id not in evidence.told:
            verdict.add("phantom", f"nobody sent {row}")
    for words in evidence.wrong:
        verdict.add("wrong answer", words)
    _judge_counters(verdict, found)
    _judge_journal(verdict, evidence, found)
    return verdict


def _judge_report(verdict: Verdict, told: Told, row: Row | None) -> None:
    report, answers = told.report, told.answers
    if answers["queued"] and row is None:
        verdict.add("lost", f"{report} {report.id} was told {dict(answers)} and has no row")
    if row is not None and not answers["queued"] and not answers["unknown"]:
        verdict.add("phantom", f"{row} was never accepted: {dict(answers)}")
    if row is not None and row[1:5] != (report.video_id, report.event, report.user_id, report.ts):
        verdict.add("phantom", f"{row} is not what was sent: {report}")
    if told.given_up:
        verdict.add("unanswered", f"{report} {report.id}: {dict(answers)}")


def _judge_claims(verdict: Verdict, evidence: Evidence, found: Found, *, keys_kept: bool) -> None:
    rows = Counter((row.video_id, row.user_id, row.event) for row in found.rows)
    told: defaultdict[tuple[str, str, str], list[Told]] = defaultdict(list)
    for each in evidence.told.values():
        told[each.report.claim].append(each)
    for claim, reports in told.items():
        allowed = 1 if keys_kept else len(reports)
        answers = {each.report.id: dict(each.answers) for each in reports}
        if rows[claim] > allowed:
            verdict.add("double", f"{claim} has {rows[claim]} rows: {answers}", rows[claim] - allowed)
        # A report that was answered "queued" and has no row is one fault, not two.
        duplicates = any(each.answers["duplicate"] for each in reports)
        if not rows[claim] and duplicates and not any(each.answers["queued"] for each in reports):
            verdict.add("lost", f"{claim} was told that it counts and has no row: {answers}")


def _judge_counters(verdict: Verdict, found: Found) -> None:
    days = [(row.video_id, count_day(_event(row)), row.event) for row in found.rows]
    differences = (
        *_differences(found.metrics, Counter((video, event) for video, _, event in days)),
        *_differences(found.daily, Counter(days)),
        *_differences(found.totals, Counter((day, event) for _, day, event in days)),
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


def _event(row: Row) -> Event:
    return Event(
        id=row.id,
        video_id=row.video_id,
        event=row.event,
        user_id=row.user_id,
        ts=row.ts,
        received_at=row.received_at,
    )
