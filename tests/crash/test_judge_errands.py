"""The judge knows what operators' errands may delete, on made-up evidence: this, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

import pytest

from crash.errands import RETENTION_DAYS, Errand, unfinished
from crash.evidence import Evidence, Report
from crash.found import Deleted, Found, Row
from crash.judge import judge

NOW = 1_700_000_000.0
"""When the reports were answered, in seconds since 1970."""
DAY = date(2023, 11, 14)
OLD_DAY = date(2023, 10, 25)
NEW = Report("v1", "fan", int(NOW * 1000))
NEXT_SESSION = Report("v1", "fan", int(NOW * 1000) + 1)
OTHERS = Report("v1", "another", int(NOW * 1000))
OLD_MS = 20 * 86_400_000
FORGET, WITH_COUNTS = "forget", "forget with counts"


def row(report: Report, *, old: bool = False, again: bool = False) -> Row:
    """The row of the report, `old` if it came in where the clock is 20 days slow. `again`: recorded a second time."""
    received_at = report.ts - OLD_MS * old
    return Row(report.id, report.video_id, report.event, report.user_id, report.ts, received_at, int(again))


def evidence(*answers: tuple[Report, str, float]) -> Evidence:
    """Answers, each so many seconds after NOW."""
    told = Evidence()
    for report, answer, seconds in answers:
        told.answer(report, answer)
        if answer == "queued":
            told.told[report.id].queued_at[-1] = NOW + seconds
    return told


def errand(kind: str, user_id: str = "", began: float = 10, *, finished: bool = True, output: str = "") -> Errand:
    """An errand that began so many seconds after NOW and took a second."""
    exit_code = 0 if finished else None
    return Errand(kind, user_id, NOW + began, NOW + began + 1, exit_code, output, in_peace=True)


def found(
    *rows: Row, deleted: tuple[Row, ...] = (), erased: tuple[Row, ...] = (), accepted: int | None = None
) -> Found:
    """What a correct system holds if it has `rows`, has deleted and archived `deleted`, and erased `erased`."""
    here = Counter(map(key, rows)) + Counter(map(key, deleted))
    accepted = len(rows) + len(deleted) + len(erased) if accepted is None else accepted
    return Found(
        rows=list(rows),
        metrics=Counter((video, event) for video, _, event in here.elements()),
        daily=here,
        totals=Counter((day, event) for _, day, event in here.elements()),
        archived=Counter(map(key, deleted)),
        deleted=[Deleted(NOW + 10.5, each) for each in (*deleted, *erased)],
        erased=len(erased),
        ledger={"accepted": accepted, "settled": accepted, "parked": 0, "dropped": 0},
    )


def key(row: Row) -> tuple[str, date, str]:
    return row.video_id, OLD_DAY if row.received_at < row.ts else DAY, row.event


def faults(told: Evidence, there: Found, *errands: Errand, keys_kept: bool = True) -> dict[str, int]:
    return dict(judge(told, there, errands, keys_kept=keys_kept).counts)


def test_an_old_row_may_go_into_the_archive() -> None:
    told = evidence((NEW, "queued", 0), (OTHERS, "queued", 0))
    assert faults(told, found(row(OTHERS), deleted=(row(NEW, old=True),)), errand("expire")) == {}


def test_an_old_row_may_be_archived_without_a_command_because_workers_expire_too() -> None:
    assert faults(evidence((NEW, "queued", 0)), found(deleted=(row(NEW, old=True),))) == {}


def test_a_row_that_is_not_old_and_whose_user_was_not_forgotten_may_not_be_deleted() -> None:
    told = evidence((NEW, "queued", 0))
    there = found(deleted=(row(NEW),))
    assert faults(told, there, errand("expire")) == {"lost": 1}
    assert faults(told, there, errand(FORGET, "another")) == {"lost": 1}
    assert faults(told, there, errand(FORGET, "fan", began=20)) == {"lost": 1}


def test_an_archived_count_that_is_not_counted_is_lost() -> None:
    there = found(deleted=(row(NEW, old=True),))
    there.metrics.clear()
    assert faults(evidence((NEW, "queued", 0)), there) == {"lost": 1}


def test_an_archived_count_without_a_deleted_row_is_double() -> None:
    there, counted = found(row(OTHERS)), found(row(OTHERS), row(NEW))
    there.metrics, there.daily, there.totals = counted.metrics, counted.daily, counted.totals
    there.archived = Counter({key(row(NEW)): 1})
    assert faults(evidence((OTHERS, "queued", 0)), there) == {"double": 1, "not erased": 1}


def test_an_old_row_whose_count_is_gone_is_lost() -> None:
    there = found(erased=(row(NEW, old=True),))
    assert faults(evidence((NEW, "queued", 0)), there, errand("expire")) == {"lost": 1}


def test_an_old_row_that_is_left_after_the_last_expire_is_a_fault() -> None:
    told = evidence((NEW, "queued", 0))
    assert faults(told, found(row(NEW, old=True)), errand("expire")) == {"not expired": 1}
    assert faults(told, found(row(NEW)), errand("expire", began=(RETENTION_DAYS - 1) * 86_400)) == {}


def test_a_row_that_was_recorded_again_without_being_accepted_again_is_double() -> None:
    told = evidence((NEW, "queued", 0), (NEW, "duplicate", 0))
    there = found(row(NEW, old=True, again=True), deleted=(row(NEW, old=True),), accepted=1)
    assert faults(told, there) == {"double": 2}, "The report, and the claim."
    told = evidence((NEW, "queued", 0), (NEW, "duplicate", 20))
    there = found(row(NEW, again=True), deleted=(row(NEW),), accepted=1)
    assert faults(told, there, errand(FORGET, "fan")) == {"double": 2, "not erased": 1}


def test_a_report_that_was_accepted_again_after_its_row_expired_counts_again() -> None:
    told = evidence((NEW, "queued", 0), (NEW, "queued", 20))
    there = found(row(NEW, old=True, again=True), deleted=(row(NEW, old=True),))
    assert faults(told, there, keys_kept=False) == {}
    assert faults(told, there) == {"double": 1}, "The dedupe key was there."


def test_the_counts_of_a_forgotten_user_stay() -> None:
    told = evidence((NEW, "queued", 0), (OTHERS, "queued", 0))
    assert faults(told, found(row(OTHERS), deleted=(row(NEW),)), errand(FORGET, "fan")) == {}
    assert faults(told, found(row(OTHERS), erased=(row(NEW),)), errand(FORGET, "fan")) == {"lost": 1}


def test_the_counts_of_a_user_forgotten_with_counts_are_gone_and_no_others() -> None:
    told = evidence((NEW, "queued", 0), (OTHERS, "queued", 0))
    command = errand(WITH_COUNTS, "fan")
    assert faults(told, found(row(OTHERS), erased=(row(NEW),)), command) == {}
    assert faults(told, found(row(OTHERS), deleted=(row(NEW),)), command) == {"not erased": 1}
    assert faults(told, found(erased=(row(NEW), row(OTHERS))), command)["lost"] == 2


def test_of_an_old_row_of_a_user_forgotten_with_counts_either_may_have_been_first() -> None:
    told = evidence((NEW, "queued", 0))
    for there in (found(deleted=(row(NEW, old=True),)), found(erased=(row(NEW, old=True),))):
        assert faults(told, there, errand(WITH_COUNTS, "fan")) == {}


def test_a_receipt_of_another_number_than_was_erased_is_a_fault() -> None:
    there = found(erased=(row(NEW),))
    there.erased = 2
    assert faults(evidence((NEW, "queued", 0)), there, errand(WITH_COUNTS, "fan")) == {"not erased": 1}


@pytest.mark.parametrize("kind", [FORGET, WITH_COUNTS])
def test_a_trace_of_a_forgotten_user_is_a_fault_unless_it_was_accepted_afterwards(kind: str) -> None:
    there = found(row(NEW))
    there.claims = [NEW.id]
    assert faults(evidence((NEW, "queued", 0)), there, errand(kind, "fan")) == {"not erased": 2}
    assert faults(evidence((NEW, "queued", 0)), there, errand(kind, "another")) == {}
    assert faults(evidence((NEW, "queued", 0)), there, errand(kind, "fan", finished=False)) == {"unfinished": 1}
    assert faults(evidence((NEW, "queued", 10.5)), there, errand(kind, "fan")) == {}
    assert faults(evidence((NEW, "unknown", 0)), there, errand(kind, "fan")) == {}, "It may have arrived late."


def test_a_receipt_that_still_names_a_forgotten_user_is_a_fault() -> None:
    there = found()
    there.unfinished = ["fan"]
    assert faults(evidence(), there, errand(FORGET, "fan")) == {"not erased": 1}
    assert faults(evidence(), there, errand(FORGET, "another")) == {}


def test_a_viewer_counts_again_for_a_video_only_if_accepted_after_being_forgotten() -> None:
    there = found(row(NEXT_SESSION), deleted=(row(NEW),))
    again = evidence((NEW, "queued", 0), (NEXT_SESSION, "queued", 20))
    assert faults(again, there, errand(FORGET, "fan")) == {}
    before = evidence((NEW, "queued", 0), (NEXT_SESSION, "queued", 5))
    assert faults(before, there, errand(FORGET, "fan"))["double"] == 1


def test_an_errand_that_never_finished_is_a_fault() -> None:
    killed, done = errand(FORGET, "fan", finished=False), errand(FORGET, "fan")
    assert unfinished([killed, done, errand("audit", finished=False)]) == []
    assert unfinished([done, killed, errand(WITH_COUNTS, "fan")]) == [(FORGET, "fan")]
    assert faults(evidence(), found(), killed) == {"unfinished": 1}


def test_an_audit_that_does_not_close_is_a_fault_even_while_events_flow() -> None:
    figures = {"closed": False, "faults": ["The ledger does not add up."]}
    wrong = Errand("audit", "", NOW, NOW + 1, 1, f"a warning\n{json.dumps(figures, indent=2)}")
    assert faults(evidence(), found(), wrong) == {"audit": 1}
    figures["closed"] = True
    for output in (json.dumps(figures, indent=2), "Error: Cannot reach Redis at redis://127.0.0.1:6379/0."):
        assert faults(evidence(), found(), Errand("audit", "", NOW, NOW + 1, 1, output)) == {}


def test_a_command_that_ends_in_a_traceback_is_a_fault() -> None:
    assert faults(evidence(), found(), errand("expire", output="Traceback (most recent call last):")) == {
        "wrong answer": 1
    }


def keyed_row(told: Evidence) -> Row:
    """The row of NEW under the keyed form of its user id."""
    keyed_id, form = next(iter(told.forms(NEW).items()))
    return row(NEW)._replace(id=keyed_id, user_id=form)


def test_a_row_that_got_a_keyed_user_id_is_the_same_recording() -> None:
    told = Evidence(keyed=True)
    told.answer(NEW, "queued")
    there = found(row(NEW))
    there.rows = [keyed_row(told)]
    there.deleted = [Deleted(NOW, row(NEW))]
    assert faults(told, there, errand("pseudonymise")) == {}
    there.rows.append(row(NEW))
    there.deleted = []
    assert faults(told, there)["double"] == 2, "The report, and its claim."


def test_a_plain_user_id_that_is_left_after_the_last_pseudonymise_is_a_fault() -> None:
    told = Evidence(keyed=True)
    told.answer(NEW, "queued")
    there = found(row(NEW))
    there.claims = [NEW.id]
    assert faults(told, there, errand("pseudonymise")) == {"not erased": 2}
    assert faults(told, there) == {}
    there.rows, there.claims = [keyed_row(told)], [keyed_row(told).id]
    assert faults(told, there, errand("pseudonymise")) == {}


def test_a_report_that_was_recorded_in_both_forms_may_lose_one_of_them() -> None:
    told = Evidence(keyed=True)
    told.answer(NEW, "queued")
    told.answer(NEW, "queued")
    there = found(row(NEW, again=True), deleted=(row(NEW),))
    there.rows = [keyed_row(told)._replace(created_at=1)]
    assert faults(told, there, errand("pseudonymise"), keys_kept=False) == {}
    assert faults(told, there, keys_kept=False) == {"lost": 1}
