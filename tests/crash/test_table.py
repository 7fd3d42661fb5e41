"""The table's troubles are possible, and its rows show what was measured."""

from __future__ import annotations

from collections import Counter

import pytest

from crash.evidence import Evidence
from crash.measure import Measured
from crash.plan import DATABASES, targets
from crash.table import table
from crash.troubles import list_troubles


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("can_fill", [True, False])
def test_every_trouble_of_the_table_can_occur_in_a_run(database: str, can_fill: bool) -> None:
    possible = targets(database, can_fill=can_fill)
    for repeat in range(4):
        for trouble in list_troubles(database, repeat, can_fill=can_fill):
            assert all(harm.target in possible[harm.kind] for harm in trouble.harms), trouble


@pytest.mark.parametrize("database", DATABASES)
def test_every_repeat_has_the_same_rows_and_no_kind_of_harm_is_left_out(database: str) -> None:
    repeats = [list_troubles(database, repeat, can_fill=True) for repeat in range(4)]
    assert len({tuple(trouble.name for trouble in troubles) for troubles in repeats}) == 1
    kinds = {harm.kind for trouble in repeats[0] for harm in trouble.harms}
    # The first is a repeated kill, and a stopped server refuses connections as well.
    assert kinds == set(targets(database, can_fill=True)) - {"kill children", "refuse"}


def test_a_row_holds_the_median_and_the_worst() -> None:
    measured = [
        Measured(Counter({"202": 90, "503": 4}), 0.2, 10, 0.1),
        Measured(Counter({"202": 80}), 1.25, 500, 2.5),
        Measured(Counter({"202": 100, "503": 6, "500": 1}), 0.1, 20, 0.2),
    ]
    times = "\N{MULTIPLICATION SIGN}"
    answers = f"90 {times} 202, 4 {times} 503, 0 {times} 500; slowest 1.25 s"
    assert f"| web cut | {answers} | 20 (500) | 0.2 s (2.5 s) |" in table({"web cut": measured})


def test_attempts_can_be_reset_and_a_missing_answer_is_not_the_slowest() -> None:
    evidence = Evidence()
    evidence.attempt("202", 0.5)
    evidence.attempt("no answer", 2.0)
    assert evidence.forget_attempts() == (Counter({"202": 1, "no answer": 1}), 0.5)
    assert evidence.forget_attempts() == (Counter(), 0.0)
