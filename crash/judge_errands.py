"""Judges operators' errands: whether what they had to delete is gone, and nothing else. Pure: no I/O."""

from __future__ import annotations

from collections import Counter
from math import inf
from typing import TYPE_CHECKING

from crash.errands import RETENTION_DAYS, unfinished
from pulse_analytics.events import Event, count_day
from pulse_analytics.user_ids import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from crash.errands import Errand
    from crash.evidence import Evidence, Told
    from crash.found import Deleted, Found, Row
    from crash.judge import Verdict

_RETENTION_MS = RETENTION_DAYS * 86_400_000


def allowed_rows(reports: Sequence[Told], errands: Iterable[Errand]) -> int:
    """How many rows the reports of one claim may have had in all, while no harm removed dedupe keys: one. If its viewer
    was forgotten, one from before and one for each time that it may have been accepted since the first command began.
    """
    begun = [errand.began for errand in errands if errand.user_id == reports[0].report.user_id]
    if not begun:
        return 1
    after = sum(each.accepted_after(min(begun)) for each in reports)
    before = sum(each.most_accepted for each in reports) - after
    return min(before, 1) + after


def count_key(row: Row) -> tuple[str, date, str]:
    """The video, day and event that the row counts for."""
    event = Event(
        id=row.id,
        video_id=row.video_id,
        event=row.event,
        user_id=row.user_id,
        ts=row.ts,
        received_at=row.received_at,
    )
    return row.video_id, count_day(event), row.event


def judge_errands(verdict: Verdict, evidence: Evidence, found: Found, errands: Sequence[Errand]) -> None:
    """Judge that what errands deleted is gone, with its counts where that was asked for, and nothing else."""
    for errand in errands:
        if errand.objection:
            verdict.add("audit" if errand.kind == "audit" else "wrong answer", f"{errand}: {errand.objection}")
    for kind, user_id in unfinished(errands):
        outputs = [errand.output for errand in errands if (errand.kind, errand.user_id) == (kind, user_id)]
        verdict.add("unfinished", f"{kind} {user_id}: {outputs[-1]}")
    _judge_deleted(verdict, found, errands)
    _judge_expired(verdict, found, errands)
    for user_id, since in _forgotten(errands):
        _judge_forgotten(verdict, evidence, found, user_id, since)


def judge_forms(verdict: Verdict, evidence: Evidence, found: Found, errands: Iterable[Errand]) -> None:
    """After a `pseudonymise` in peace, nothing may have a plain user id. Of a dedupe key, its value shows that."""
    if any(errand.kind == "pseudonymise" and errand.in_peace and errand.finished for errand in errands):
        for row in found.rows:
            if not row.user_id.startswith(PREFIX):
                verdict.add("not erased", f"{row} has a plain user id")
        for claim in found.claims:
            if claim in evidence.told:
                verdict.add("not erased", f"the dedupe key of {claim} has a plain user id")


def _judge_deleted(verdict: Verdict, found: Found, errands: Sequence[Errand]) -> None:
    """Each deleted row must have a reason, and its count must be in the archive unless it was erased with its count."""
    least: Counter[tuple[str, date, str]] = Counter()
    most: Counter[tuple[str, date, str]] = Counter()
    deleted = Counter(count_key(each.row) for each in found.deleted)
    times = Counter(row.id for row in found.ever)
    for each in found.deleted:
        reasons = set(_reasons(each, errands, recorded=times[each.row.id]))
        if not reasons:
            verdict.add("lost", f"{each} was deleted without a reason")
        most[count_key(each.row)] += "forget with counts" in reasons
        least[count_key(each.row)] += reasons == {"forget with counts"}
    for key in sorted({*deleted, *found.archived}, key=str):
        gone = deleted[key] - found.archived[key]
        words = f"{key}: {deleted[key]} were deleted, {found.archived[key]} are in the archive"
        if gone < 0:
            verdict.add("double", words, -gone)
        elif gone > most[key]:
            verdict.add("lost", f"{words}, and {most[key]} at most may be in neither", gone - most[key])
        elif gone < least[key]:
            verdict.add("not erased", f"{words}, and {least[key]} must be in neither", least[key] - gone)
    if (gone := deleted.total() - found.archived.total()) != found.erased:
        verdict.add("not erased", f"the receipts are of {found.erased} erased with their counts, not of {gone}")


def _reasons(deleted: Deleted, errands: Iterable[Errand], recorded: int) -> Iterator[str]:
    """The kinds of errands that may have deleted it. Workers expire as well, and finish what a killed command began."""
    if deleted.row.received_at < deleted.at * 1000 - _RETENTION_MS:
        yield "expire"
    for errand in errands:
        # Of a report that was recorded in both forms, it archives one.
        if errand.kind == "pseudonymise" and recorded > 1 and errand.began <= deleted.at <= errand.ended:
            yield errand.kind
        ended = errand.ended if errand.finished else inf
        if errand.user_id == deleted.row.user_id and errand.began <= deleted.at <= ended:
            yield errand.kind


def _judge_expired(verdict: Verdict, found: Found, errands: Iterable[Errand]) -> None:
    """After an `expire` in peace, no raw event may be left that was too old when it began."""
    began = [errand.began for errand in errands if errand.kind == "expire" and errand.in_peace and errand.finished]
    if began:
        for row in found.rows:
            if row.received_at < max(began) * 1000 - _RETENTION_MS:
                verdict.add("not expired", f"{row} is still there")


def _forgotten(errands: Iterable[Errand]) -> Iterator[tuple[str, float]]:
    """The users who were forgotten, each with the time when the last command began that finished."""
    yield from {
        errand.user_id: errand.began for errand in errands if errand.kind.startswith("forget") and errand.finished
    }.items()


def _judge_forgotten(verdict: Verdict, evidence: Evidence, found: Found, user_id: str, since: float) -> None:
    """Of a forgotten user nothing may be left but what was accepted after the command had begun."""
    traces = [(row.id, f"{row}") for row in found.rows if row.user_id == user_id]
    traces += [(claim, f"the dedupe key of {claim}") for claim in found.claims]
    for event_id, words in traces:
        told = evidence.told.get(event_id)
        if told and told.report.user_id == user_id and not told.accepted_after(since):
            verdict.add("not erased", f"{words} of {user_id} is still there: {dict(told.answers)}")
    if user_id in found.unfinished:
        verdict.add("not erased", f"{user_id} is still in a receipt")
