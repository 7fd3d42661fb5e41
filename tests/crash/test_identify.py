"""Each raw event is recognized, whatever form its user id has."""

from __future__ import annotations

from collections import Counter

from crash.evidence import Evidence, Report
from crash.found import Deleted, Found, Row
from crash.identify import identify

REPORT = Report("v1", "fan", 1_700_000_000_000)


def evidence() -> Evidence:
    told = Evidence(keyed=True)
    told.answer(REPORT, "queued")
    return told


def rows(created_at: int = 1) -> tuple[Row, Row]:
    """The report's row under a keyed user id, and under the plain one."""
    keyed, plain = (
        Row(event_id, REPORT.video_id, REPORT.event, user_id, REPORT.ts, REPORT.ts, created_at)
        for event_id, user_id in evidence().forms(REPORT).items()
    )
    return keyed, plain


def found(*here: Row, deleted: tuple[Row, ...] = ()) -> Found:
    gone = [Deleted(number, row) for number, row in enumerate(deleted)]
    return Found(rows=list(here), metrics=Counter(), daily=Counter(), totals=Counter(), deleted=gone)


def test_the_row_and_the_claim_of_a_keyed_user_id_are_those_of_the_report() -> None:
    keyed, plain = rows()
    assert keyed.user_id.startswith("keyed.")
    assert (plain.id, plain.user_id) == (REPORT.id, REPORT.user_id)
    there = found(keyed)
    there.claims = [keyed.id, "another"]
    known = identify(there, evidence())
    assert known.rows == [plain]
    assert known.claims == [REPORT.id, "another"]


def test_a_row_under_the_id_of_another_form_stays_unknown() -> None:
    keyed, plain = rows()
    strange = keyed._replace(user_id=plain.user_id)
    assert identify(found(strange), evidence()).rows == [strange]


def test_a_row_that_only_got_another_form_was_recorded_once() -> None:
    keyed, plain = rows()
    assert identify(found(keyed, deleted=(plain,)), evidence()).ever == [plain]
    assert identify(found(deleted=(plain, keyed)), evidence()).deleted == [Deleted(1, plain)]


def test_two_recordings_of_a_report_are_two() -> None:
    first, second = rows(created_at=1), rows(created_at=2)
    assert len(identify(found(first[0], deleted=(second[1],)), evidence()).ever) == 2
    assert len(identify(found(first[0], first[1]), evidence()).ever) == 2, "Its old form must be gone."
