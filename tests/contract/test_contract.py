"""Every route answers as version 0.1.0 did, except for intended changes."""

from __future__ import annotations

import pytest

from tests.contract.ask import Ask
from tests.contract.expected_changes import EXPECTED_CHANGES, Change, refused
from tests.contract.replay import RECORDING, Exchange, Exchanges, differences, read_recording

OLD = {"status": 200, "headers": {}}
NEW = refused("colour")


def test_every_request_gets_the_answer_of_version_0_1_0_and_security_headers(exchanges: Exchanges) -> None:
    assert {name: exchange.lacking for name, exchange in exchanges.items() if exchange.lacking} == {}
    found = differences(exchanges, read_recording(RECORDING), EXPECTED_CHANGES)
    if found:
        pytest.fail(f"{len(found)} of {len(exchanges)} answers differ:\n\n" + "\n\n".join(found), pytrace=False)


def answered(answer: dict[str, object]) -> Exchanges:
    return {"top: colour": Exchange(Ask(name="colour", method="GET", path="/top?colour=red"), answer, [])}


def test_a_changed_answer_is_shown_with_its_request_and_both_answers() -> None:
    [found] = differences(answered(NEW), {"top: colour": OLD}, {})
    assert found.splitlines()[:4] == [
        "top: colour",
        "  sent      GET /top?colour=red",
        "  expected  status: 200",
        "  got       status: 400",
    ]
    assert "  got       body: {" in found


def test_a_changed_answer_that_is_expected_is_no_difference() -> None:
    assert differences(answered(NEW), {"top: colour": OLD}, {"top: colour": Change("why", NEW)}) == []


def test_an_expected_change_that_did_not_happen_is_a_difference() -> None:
    recorded = {"top: colour": OLD}
    assert len(differences(answered(OLD), recorded, {"top: colour": Change("why", NEW)})) == 1
    assert len(differences(answered(OLD), recorded, {"top: colour": Change("why", OLD)})) == 1


def test_a_request_that_is_only_in_the_catalogue_or_only_in_the_recording_is_a_difference() -> None:
    assert len(differences(answered(OLD), {}, {})) == 1
    assert len(differences({}, {"top: colour": OLD}, {})) == 1
