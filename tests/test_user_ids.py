"""User ids as keyed hashes: the forms, and which values of PULSE_USER_ID_KEY are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pulse_analytics.config import Settings
from pulse_analytics.errors import ConfigError
from pulse_analytics.events import EVENT_TYPES, event_id, is_id
from pulse_analytics.ingest.express import sound_event
from pulse_analytics.user_ids import PREFIX, UserIds
from tests.facts import report
from tests.test_events import ids, times

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = "an-old-key-of-32-characters-or-more", "a-new-key-of-32-characters-or-more!"
KEYED, CHANGING = UserIds.parse(NEW), UserIds.parse(f"{NEW}, {OLD} plain")


def test_the_forms_never_change() -> None:
    assert UserIds.parse("k" * 32).stored("u1") == "keyed.54cca042.t0Zp3QIf0Ypjn-Az9i34LXLR"
    assert UserIds.parse("k" * 32).stored("ü") == "keyed.54cca042.cl8G0N3G2Hho-9lsCFhs9c3f"
    assert UserIds.parse(f"{NEW} ein-schlüssel-der-lang-genug-wäre").others("u1") == (
        "keyed.7ab1c917.QDbJ-zfGmce9sHrtHPwbFYmm",
    )


@given(ids)
@example("x" * 128)
@example("plain")
@example(KEYED.stored("u1"))
def test_a_form_is_an_id_and_holds_nothing_of_the_id_that_was_sent(user_id: str) -> None:
    form = KEYED.stored(user_id)
    assert is_id(form)
    assert UserIds.is_keyed(form)
    assert form != user_id
    assert len(user_id) < 4 or user_id not in form.removeprefix(PREFIX)


@given(ids, ids)
def test_different_users_have_different_forms_under_every_key(one: str, other: str) -> None:
    assume(one != other)
    forms = CHANGING.all_forms(one), CHANGING.all_forms(other)
    assert not set(forms[0]) & set(forms[1])
    assert [len(each) for each in forms] == [3, 3]


@given(ids)
def test_the_first_key_is_used_and_all_others_are_looked_up(user_id: str) -> None:
    old = UserIds.parse(OLD).stored(user_id)
    assert CHANGING.stored(user_id) == KEYED.stored(user_id) != old
    assert CHANGING.others(user_id) == (old, user_id)
    assert UserIds.parse(f"{OLD} {NEW}").others(user_id) == (KEYED.stored(user_id),)


def test_a_user_is_known_under_every_key_and_under_the_id_itself() -> None:
    assert UserIds().all_forms("u1") == ["u1"]
    assert KEYED.all_forms("u1") == [KEYED.stored("u1"), "u1"], "Something may be older than the key."
    assert UserIds.parse(f"plain {NEW}").all_forms("u1") == ["u1", KEYED.stored("u1")]


@given(ids, ids, st.sampled_from(sorted(EVENT_TYPES)), times)
def test_an_event_is_made_of_the_form_alone(video_id: str, user_id: str, name: str, ts: int) -> None:
    made = sound_event(report(video_id, user_id, ts, event=name), frozenset(EVENT_TYPES), 5, KEYED)
    form = KEYED.stored(user_id)
    assert made is not None
    assert (made.user_id, made.id) == (form, event_id(video_id, name, form, ts))
    assert made.id != event_id(video_id, name, user_id, ts)


def test_without_a_key_the_event_is_that_of_before() -> None:
    sent = report("v1", "u1", 1_700_000_000_000)
    assert not UserIds().on
    assert sound_event(sent, frozenset(EVENT_TYPES), 5, None) == UserIds().event(
        video_id="v1", event=sent["event"], user_id="u1", ts=sent["ts"], received_at=5
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("plain", "names no key, only `plain`"),
        (OLD[:31], "Key 1 of PULSE_USER_ID_KEY is too short: a key has at least 32 characters"),
        (f"{OLD} {NEW[:31]}", "Key 2 of PULSE_USER_ID_KEY is too short"),
        (f"{OLD} Plain", "Key 2 of PULSE_USER_ID_KEY is too short"),
        (f"{OLD},{NEW},{OLD}", "Key 3 of PULSE_USER_ID_KEY is there twice"),
        (f"plain {OLD} plain", "Key 3 of PULSE_USER_ID_KEY is there twice"),
    ],
)
def test_keys_that_cannot_be_meant_are_refused_and_never_quoted(tmp_path: Path, value: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Settings.parse({"PULSE_USER_ID_KEY": value}, tmp_path)
    assert said in str(refused.value)
    assert OLD[:31] not in str(refused.value)


def test_keys_may_be_in_a_file_one_a_line_and_are_never_printed(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{NEW}\n{OLD}\nplain\n")
    settings = Settings.load({"PULSE_DATA_DIR": str(tmp_path), "PULSE_USER_ID_KEY_FILE": str(file)})
    assert settings.user_ids.keys == CHANGING.keys
    for printed in (repr(settings), repr(settings.user_ids), str(settings.user_ids)):
        assert NEW not in printed
        assert "secret" not in printed
