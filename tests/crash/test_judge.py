"""The judge reaches every verdict, on made-up evidence."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from crash.evidence import Evidence, Report
from crash.found import Found, Row
from crash.judge import judge
from pulse_analytics.events import DEFAULT_EVENT

TS = 1_700_000_000_000
DAY = date(2023, 11, 14)
FIRST = Report("v1", "u1", TS)
SECOND_SESSION = Report("v1", "u1", TS + 1)
OTHER_EVENT = Report("v1", "u1", TS, "video_started")


def row(report: Report, ts: int | None = None) -> Row:
    return Row(report.id, report.video_id, report.event, report.user_id, ts or report.ts, report.ts + 50)


def evidence(*answers: tuple[Report, str]) -> Evidence:
    told = Evidence()
    for report, answer in answers:
        told.answer(report, answer)
    return told


def found(*rows: Row, accepted: int | None = None) -> Found:
    """What a correct system holds if it has these rows."""
    settled = len(rows) if accepted is None else accepted
    return Found(
        rows=list(rows),
        metrics=Counter((each.video_id, each.event) for each in rows),
        daily=Counter((each.video_id, DAY, each.event) for each in rows),
        totals=Counter((DAY, each.event) for each in rows),
        ledger={"accepted": settled, "settled": settled, "parked": 0, "dropped": 0},
    )


def faults(told: Evidence, there: Found, *, keys_kept: bool = True) -> dict[str, int]:
    return dict(judge(told, there, keys_kept=keys_kept).counts)


def test_an_accepted_report_with_one_row_and_one_count_is_good() -> None:
    told = evidence((FIRST, "unknown"), (FIRST, "queued"), (FIRST, "duplicate"), (SECOND_SESSION, "duplicate"))
    verdict = judge(told, found(row(FIRST)), keys_kept=True)
    assert verdict.good
    assert str(verdict) == "good"


@pytest.mark.parametrize("outcome", ["unknown", "unsent"])
def test_a_report_that_was_never_accepted_needs_no_row(outcome: str) -> None:
    assert faults(evidence((FIRST, outcome)), found()) == {}


def test_a_report_of_unknown_outcome_may_have_a_row() -> None:
    assert faults(evidence((FIRST, "unknown")), found(row(FIRST))) == {}


def test_an_accepted_report_without_a_row_is_lost() -> None:
    assert faults(evidence((FIRST, "queued")), found(accepted=1)) == {"lost": 1}


def test_an_accepted_report_is_lost_even_if_another_session_has_a_row() -> None:
    told = evidence((FIRST, "queued"), (SECOND_SESSION, "unknown"))
    assert faults(told, found(row(SECOND_SESSION))) == {"lost": 1}


def test_a_report_answered_as_duplicate_without_any_row_is_lost() -> None:
    assert faults(evidence((FIRST, "unknown"), (FIRST, "duplicate")), found()) == {"lost": 1}


def test_a_row_that_is_not_counted_is_lost() -> None:
    there = found(row(FIRST))
    there.metrics.clear()
    assert faults(evidence((FIRST, "queued")), there) == {"lost": 1}


def test_a_row_that_is_counted_twice_is_double() -> None:
    there = found(row(FIRST))
    there.metrics["v1", DEFAULT_EVENT] = 2
    assert faults(evidence((FIRST, "queued")), there) == {"double": 1}


def test_a_row_that_is_counted_on_another_day_is_lost_and_double() -> None:
    there = found(row(FIRST))
    there.daily = Counter({("v1", date(2023, 11, 15), DEFAULT_EVENT): 1})
    assert faults(evidence((FIRST, "queued")), there) == {"lost": 1, "double": 1}


def test_a_day_total_that_differs_from_the_number_of_its_rows_is_a_fault() -> None:
    there = found(row(FIRST))
    there.totals[DAY, DEFAULT_EVENT] = 3
    assert faults(evidence((FIRST, "queued")), there) == {"double": 2}


def test_each_event_of_a_viewer_and_a_video_has_a_row_and_a_count_of_its_own() -> None:
    told = evidence((FIRST, "queued"), (OTHER_EVENT, "queued"))
    assert faults(told, found(row(FIRST), row(OTHER_EVENT))) == {}
    assert faults(told, found(row(FIRST), accepted=2)) == {"lost": 1}
    there = found(row(FIRST), row(OTHER_EVENT))
    there.metrics = Counter({("v1", DEFAULT_EVENT): 2})
    assert faults(told, there) == {"lost": 1, "double": 1}


def test_an_event_told_duplicate_because_of_another_one_is_lost() -> None:
    assert faults(evidence((FIRST, "queued"), (OTHER_EVENT, "duplicate")), found(row(FIRST))) == {"lost": 1}


def test_a_row_of_another_event_than_was_sent_is_a_phantom() -> None:
    there = found(row(FIRST)._replace(event=OTHER_EVENT.event))
    assert faults(evidence((FIRST, "queued")), there) == {"phantom": 1}


def test_two_rows_of_one_viewer_are_double_unless_dedupe_keys_were_removed() -> None:
    told = evidence((FIRST, "queued"), (SECOND_SESSION, "queued"))
    there = found(row(FIRST), row(SECOND_SESSION))
    assert faults(told, there) == {"double": 1}
    assert faults(told, there, keys_kept=False) == {}


def test_a_row_that_nobody_sent_is_a_phantom() -> None:
    there = found(row(FIRST), row(Report("v9", "u9", TS)))
    assert faults(evidence((FIRST, "queued"), (FIRST, "unknown")), there) == {"phantom": 1}


def test_a_row_that_was_never_accepted_is_a_phantom() -> None:
    assert faults(evidence((FIRST, "unsent")), found(row(FIRST), accepted=0)) == {"phantom": 1}


def test_a_row_that_differs_from_what_was_sent_is_a_phantom() -> None:
    assert faults(evidence((FIRST, "queued")), found(row(FIRST, ts=TS + 5))) == {"phantom": 1}


def test_a_report_without_a_final_answer_is_a_fault() -> None:
    told = evidence((FIRST, "unknown"))
    told.give_up(FIRST)
    assert faults(told, found()) == {"unanswered": 1}


def test_an_answer_that_the_api_does_not_define_is_a_fault() -> None:
    told = evidence()
    told.object_to("500 for a sound report")
    assert faults(told, found()) == {"wrong answer": 1}


@pytest.mark.parametrize("place", ["waiting", "pending", "dead"])
def test_entries_left_in_redis_are_a_fault(place: str) -> None:
    there = found(row(FIRST))
    setattr(there, place, 1)
    assert "left over" in faults(evidence((FIRST, "queued")), there)


@pytest.mark.parametrize("change", [{"accepted": 2}, {"settled": 2}, {"accepted": 0, "settled": 0}])
def test_a_ledger_that_does_not_add_up_is_a_fault(change: dict[str, int]) -> None:
    there = found(row(FIRST))
    there.ledger.update(change)
    assert "ledger" in faults(evidence((FIRST, "queued")), there)
