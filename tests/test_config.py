"""Settings: the defaults, where values come from, and which values are refused."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from pulse_analytics.config import RUN_FILE, Settings, read_run_file
from pulse_analytics.errors import ConfigError
from pulse_analytics.events import EVENT_TYPES
from pulse_analytics.up.run_file import write_run_file

if TYPE_CHECKING:
    from pathlib import Path


def test_the_defaults_are_those_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.load({})
    assert settings.data_dir == tmp_path / "var"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/pulse.db"
    assert settings.redis_url == "redis://127.0.0.1:6379/0"
    assert settings.admin_token is None
    assert settings.dedupe_ttl_seconds == 86_400
    assert settings.retention_days == 0
    assert (settings.events, settings.ranked_event) == (("watched_50_percent",), "watched_50_percent")
    assert settings.cors_origins == ()
    assert (settings.trusted_proxies, settings.trusted_hosts) == (0, ())
    assert (settings.port, settings.flower_port) == (8000, 5555)


@pytest.mark.parametrize(
    ("given", "events", "ranked"),
    [
        ("all", tuple(EVENT_TYPES), "watched_50_percent"),
        ("watched_75_percent video_started", ("video_started", "watched_75_percent"), "video_started"),
        ("watched_75_percent,watched_50_percent", ("watched_50_percent", "watched_75_percent"), "watched_50_percent"),
    ],
)
def test_the_enabled_events_are_in_the_order_of_their_shares(
    tmp_path: Path, given: str, events: tuple[str, ...], ranked: str
) -> None:
    settings = Settings.parse({"PULSE_EVENTS": given}, tmp_path)
    assert (settings.events, settings.ranked_event) == (events, ranked)


def test_other_commands_find_the_values_that_pulse_up_chose(tmp_path: Path) -> None:
    token = "a'b'$c#d-of-20-chars"
    write_run_file(tmp_path, {"PULSE_REDIS_URL": "redis://127.0.0.1:7777/0", "PULSE_ADMIN_TOKEN": token})
    settings = Settings.load({"PULSE_DATA_DIR": str(tmp_path)})
    assert settings.redis_url == "redis://127.0.0.1:7777/0"
    assert settings.admin_token == token


def test_the_environment_overrides_the_values_that_pulse_up_chose(tmp_path: Path) -> None:
    write_run_file(tmp_path, {"PULSE_ADMIN_TOKEN": "chosen-by-an-earlier-run"})
    given = {"PULSE_DATA_DIR": str(tmp_path), "PULSE_ADMIN_TOKEN": "given-by-whoever-starts-it", "PULSE_PORT": ""}
    assert Settings.load(given).admin_token == "given-by-whoever-starts-it"
    assert Settings.load(given).port == 8000


def test_only_the_owner_can_read_the_run_file(tmp_path: Path) -> None:
    write_run_file(tmp_path, {"PULSE_ADMIN_TOKEN": "secret"})
    write_run_file(tmp_path, {"PULSE_ADMIN_TOKEN": "new"})
    assert stat.S_IMODE((tmp_path / RUN_FILE).stat().st_mode) == 0o600
    assert read_run_file(tmp_path) == {"PULSE_ADMIN_TOKEN": "new"}
    secret = "a-secret-that-nobody-knows"
    assert secret not in repr(Settings.load({"PULSE_DATA_DIR": str(tmp_path), "PULSE_ADMIN_TOKEN": secret}))


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h:1/d?sslmode=require", "postgresql+psycopg://u:p@h:1/d?sslmode=require"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("sqlite:////data/pulse.db", "sqlite:////data/pulse.db"),
        ("sqlite:////data/pulse.db?mode=rw", "sqlite:////data/pulse.db?mode=rw"),
    ],
)
def test_database_urls_get_our_driver(tmp_path: Path, given: str, taken: str) -> None:
    assert Settings.parse({"PULSE_DATABASE_URL": given}, tmp_path).database_url == taken


def test_a_relative_sqlite_path_is_relative_to_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        Settings.parse({"PULSE_DATABASE_URL": "sqlite:///a.db"}, tmp_path).database_url == f"sqlite:///{tmp_path}/a.db"
    )


def test_an_unreadable_run_file_is_an_error_that_names_its_setting(tmp_path: Path) -> None:
    (tmp_path / RUN_FILE).mkdir()  # A folder, because root can read any file.
    with pytest.raises(ConfigError, match="PULSE_DATA_DIR"):
        Settings.load({"PULSE_DATA_DIR": str(tmp_path)})


def test_lists_are_separated_by_commas_or_spaces(tmp_path: Path) -> None:
    values = {"PULSE_CORS_ORIGINS": "https://a.example, http://localhost:5173 https://a.example"}
    assert Settings.parse(values, tmp_path).cors_origins == ("https://a.example", "http://localhost:5173")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PULSE_DATABASE_URL", "mysql://h/d"),
        ("PULSE_DATABASE_URL", "sqlite://"),
        ("PULSE_DATABASE_URL", "postgresql://user@host:port/database"),
        ("PULSE_REDIS_URL", "localhost:6379"),
        ("PULSE_REDIS_URL", "redis://host:port/0"),
        ("PULSE_ADMIN_TOKEN", "cl\u00e9"),
        ("PULSE_ADMIN_TOKEN", " token"),
        ("PULSE_DEDUPE_TTL_SECONDS", "-1"),
        ("PULSE_DEDUPE_TTL_SECONDS", "1.5"),
        ("PULSE_DEDUPE_TTL_SECONDS", "a day"),
        ("PULSE_DEDUPE_TTL_SECONDS", "99999999999"),
        ("PULSE_RETENTION_DAYS", "-1"),
        ("PULSE_RETENTION_DAYS", "0.5"),
        ("PULSE_RETENTION_DAYS", "a month"),
        ("PULSE_RETENTION_DAYS", "36501"),
        ("PULSE_EVENTS", "watched_50_percent,watched_51_percent"),
        ("PULSE_CORS_ORIGINS", "*"),
        ("PULSE_CORS_ORIGINS", "video.example"),
        ("PULSE_CORS_ORIGINS", "https://video.example/path"),
        ("PULSE_TRUSTED_PROXIES", "-1"),
        ("PULSE_TRUSTED_PROXIES", "127.0.0.1"),
        ("PULSE_TRUSTED_HOSTS", "https://video.example"),
        ("PULSE_TRUSTED_HOSTS", "video.example, video.example:8000"),
        ("PULSE_TRUSTED_HOSTS", "*.video.example"),
        ("PULSE_TRUSTED_HOSTS", "*"),
        ("PULSE_PORT", "0"),
        ("PULSE_PORT", "65536"),
        ("PULSE_PORT", "http"),
        ("PULSE_FLOWER_PORT", "-1"),
        ("PULSE_REDIS_TIMEOUT_SECONDS", "0"),
        ("PULSE_REDIS_TIMEOUT_SECONDS", "nan"),
        ("PULSE_DATABASE_TIMEOUT_SECONDS", "soon"),
        ("PULSE_STALE_AFTER_SECONDS", "5"),
        ("PULSE_REMOTE_CONTROL", "false"),
    ],
)
def test_an_invalid_value_is_an_error_that_names_its_setting(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Settings.parse({name: value}, tmp_path)
