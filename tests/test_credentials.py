"""The secrets among the settings: where they may be, and that none is ever printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pulse_analytics.config import Settings
from pulse_analytics.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "twenty-characters-ok"
OTHER = "another-20-character"


def refusal(tmp_path: Path, **values: str) -> str:
    """How these settings are refused."""
    with pytest.raises(ConfigError) as refused:
        Settings.load({"PULSE_DATA_DIR": str(tmp_path), **values})
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "content", "attribute", "value"),
    [
        ("PULSE_ADMIN_TOKEN", f"{SECRET}\n", "admin_token", SECRET),
        ("PULSE_REDIS_URL", "redis://:p@h:1/0\n", "redis_url", "redis://:p@h:1/0"),
        ("PULSE_DATABASE_URL", "postgresql://u:p@h/d\n", "database_url", "postgresql+psycopg://u:p@h/d"),
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


def test_a_file_comes_before_what_pulse_up_chose(tmp_path: Path) -> None:
    (tmp_path / "pulse.env").write_text(f"PULSE_ADMIN_TOKEN={OTHER}\n")
    (tmp_path / "secret").write_text(SECRET)
    values = {"PULSE_DATA_DIR": str(tmp_path), "PULSE_ADMIN_TOKEN_FILE": str(tmp_path / "secret")}
    assert Settings.load(values).admin_token == SECRET


@pytest.mark.parametrize("content", [None, b"", b"\n", b"secret-\xff\xfe"])
def test_a_file_that_holds_no_secret_is_refused_and_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "secret"
    if content is None:
        file.mkdir()  # Root reads any file, but not a folder.
    else:
        file.write_bytes(content)
    said = refusal(tmp_path, PULSE_REDIS_URL_FILE=str(file))
    assert said.startswith("PULSE_REDIS_URL_FILE: ")
    assert str(file) in said
    assert "secret-" not in said
