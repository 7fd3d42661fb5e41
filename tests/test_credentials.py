"""Secret settings: which values are accepted, which are refused, and that none is ever printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pulse_analytics.config import Settings
from pulse_analytics.credentials import AdminToken, matching
from pulse_analytics.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "twenty-characters-ok"
OTHER = "another-20-character"


def refusal(tmp_path: Path, **values: str) -> str:
    """The error message for these settings."""
    with pytest.raises(ConfigError) as refused:
        Settings.load({"PULSE_DATA_DIR": str(tmp_path), **values})
    return str(refused.value)


def test_a_token_of_20_characters_is_long_enough_and_one_of_19_is_not(tmp_path: Path) -> None:
    assert Settings.parse({"PULSE_ADMIN_TOKEN": SECRET}, tmp_path).admin_token == SECRET
    said = refusal(tmp_path, PULSE_ADMIN_TOKEN=SECRET[:-1])
    assert "PULSE_ADMIN_TOKEN is too short: a token has at least 20 characters" in said
    assert SECRET[:-1] not in said


def test_the_one_token_is_called_admin_and_may_do_everything(tmp_path: Path) -> None:
    values = {"PULSE_ADMIN_TOKEN": SECRET, "PULSE_ADMIN_TOKENS": f"dash:read:{OTHER}, ops:full:a:token:with:colons:in"}
    tokens = Settings.parse(values, tmp_path).admin_tokens
    assert tokens == (
        AdminToken("admin", "full", SECRET),
        AdminToken("dash", "read", OTHER),
        AdminToken("ops", "full", "a:token:with:colons:in"),
    )
    assert [token.name for token in tokens if token.may("POST")] == ["admin", "ops"]
    assert all(token.may("GET") and token.may("HEAD") for token in tokens)
    assert SECRET not in repr(tokens)


def test_a_token_matches_only_as_a_whole_and_under_its_own_name() -> None:
    tokens = (AdminToken("a", "full", SECRET), AdminToken("b", "read", OTHER))
    assert [matching(tokens, given) for given in (SECRET, OTHER)] == list(tokens)
    for wrong in (SECRET[:-1], f"{SECRET}x", SECRET.upper(), "", "\ud800", "é"):
        assert matching(tokens, wrong) is None
    assert matching((), "") is None


@pytest.mark.parametrize(
    "entries",
    [
        SECRET,
        f"dash:{SECRET}",
        f"dash:write:{SECRET}",
        f"dash:{SECRET}:full",
        f"{SECRET}:full:",
        f"da/sh:full:{SECRET}",
        f":full:{SECRET}",
        f"dash:full:{SECRET}\u00e9",
        f"dash:full:{SECRET[:-1]}",
        f"admin:full:{SECRET}",
        f"dash:full:{OTHER} dash:read:{SECRET}",
        f"one:full:{SECRET} two:read:{SECRET}",
    ],
)
def test_an_invalid_list_of_tokens_is_refused_without_printing_them(tmp_path: Path, entries: str) -> None:
    said = refusal(tmp_path, PULSE_ADMIN_TOKENS=entries)
    assert "PULSE_ADMIN_TOKENS" in said
    assert SECRET[:-1] not in said
    assert OTHER not in said


def test_the_same_token_under_two_names_cannot_be_revoked_and_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, PULSE_ADMIN_TOKEN=SECRET, PULSE_ADMIN_TOKENS=f"dash:read:{SECRET}")
    assert said.startswith("Entry 1 of PULSE_ADMIN_TOKENS has the same token as another entry")


def test_a_short_session_key_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, PULSE_SESSION_KEY="x" * 31)
    assert said.startswith("PULSE_SESSION_KEY must have at least 32 characters")
    settings = Settings.parse({"PULSE_SESSION_KEY": "x" * 32}, tmp_path)
    assert settings.session_key == "x" * 32
    assert "x" * 32 not in repr(settings)


@pytest.mark.parametrize(
    ("name", "content", "attribute", "value"),
    [
        ("PULSE_ADMIN_TOKEN", f"{SECRET}\n", "admin_token", SECRET),
        ("PULSE_SESSION_KEY", "k" * 32 + "\r\n", "session_key", "k" * 32),
        ("PULSE_REDIS_URL", "redis://:p@h:1/0\n", "redis_url", "redis://:p@h:1/0"),
        ("PULSE_DATABASE_URL", "postgresql://u:p@h/d\n", "database_url", "postgresql+psycopg://u:p@h/d"),
        ("PULSE_ADMIN_TOKENS", f"a:read:{SECRET}\n", "admin_tokens", (AdminToken("a", "read", SECRET),)),
        (
            "PULSE_ADMIN_TOKENS",
            f"a:read:{SECRET}\nb:full:{OTHER}\n",
            "admin_tokens",
            (AdminToken("a", "read", SECRET), AdminToken("b", "full", OTHER)),
        ),
    ],
)
def test_a_secret_may_be_in_a_file(tmp_path: Path, name: str, content: str, attribute: str, value: object) -> None:
    file = tmp_path / "secret"
    file.write_text(content)
    settings = Settings.load({"PULSE_DATA_DIR": str(tmp_path), f"{name}_FILE": str(file), name: ""})
    assert getattr(settings, attribute) == value


def test_a_secret_in_the_environment_and_in_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    said = refusal(tmp_path, PULSE_ADMIN_TOKEN=OTHER, PULSE_ADMIN_TOKEN_FILE=str(file))
    assert said == "PULSE_ADMIN_TOKEN and PULSE_ADMIN_TOKEN_FILE are both set: unset one of them."


def test_a_secret_file_overrides_the_values_that_pulse_up_chose(tmp_path: Path) -> None:
    (tmp_path / "pulse.env").write_text(f"PULSE_ADMIN_TOKEN={OTHER}\n")
    (tmp_path / "secret").write_text(SECRET)
    values = {"PULSE_DATA_DIR": str(tmp_path), "PULSE_ADMIN_TOKEN_FILE": str(tmp_path / "secret")}
    assert Settings.load(values).admin_token == SECRET


@pytest.mark.parametrize("content", [None, b"", b"\n", b"secret-\xff\xfe"])
def test_a_file_without_a_secret_is_refused_and_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "secret"
    if content is None:
        file.mkdir()  # A folder, because root can read any file.
    else:
        file.write_bytes(content)
    said = refusal(tmp_path, PULSE_REDIS_URL_FILE=str(file))
    assert said.startswith("PULSE_REDIS_URL_FILE: ")
    assert str(file) in said
    assert "secret-" not in said
