"""Which Redis URLs are accepted, and the errors for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pulse_analytics.config import Settings
from pulse_analytics.errors import ConfigError
from pulse_analytics.redis_urls import read_redis_url, without_secrets

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("PULSE_REDIS_URL", "PULSE_BROKER_URL")


@pytest.mark.parametrize(
    "url", ["redis://h", "redis://h:1/0", "rediss://u:p%40@h:1/15", "redis://[::1]:1/0", "redis://:a,b@h/0"]
)
def test_the_url_of_one_server_is_passed_to_redis_py_and_kombu(url: str) -> None:
    assert read_redis_url(url) is None


def test_a_sentinel_url_is_parsed_with_all_its_options() -> None:
    found = read_redis_url(
        "sentinel://me:p%40ss@h1,h2:26380,[::1]:1/pulse"
        "?db=3&ssl=true&ssl_ca_certs=/ca.pem&sentinel_username=s&sentinel_password=w%26"
    )
    assert found is not None
    assert found.hosts == (("h1", 26379), ("h2", 26380), ("::1", 1))
    assert found.name == "pulse"
    assert found.server_options.items() >= {"username": "me", "password": "p@ss", "db": 3, "ssl": True}.items()
    assert found.asking(0.9).items() >= {"username": "s", "password": "w&", "ssl": True, "socket_timeout": 0.3}.items()
    assert found.tls is not None
    assert found.tls["ssl_ca_certs"] == "/ca.pem"
    assert found.kombu_url == ";".join(f"sentinel://me:p%40ss@{host}/3" for host in ("h1:26379", "h2:26380", "[::1]:1"))
    assert "p@ss" not in repr(found)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("localhost:6379", "must be redis://"),
        ("redis://host:port/0", "must be redis://"),
        ("redis://host:6379/zero", "must be redis://"),
        ("redis://[host/0", "must be redis://"),
        ("unix:///run/redis.sock", "a Redis Cluster or a socket cannot be used"),
        ("redis+cluster://h1,h2", "a Redis Cluster or a socket cannot be used"),
        ("redis://h1:6379,h2:6379/0", "names several hosts: it must be redis://.* or sentinel://"),
        ("redis://h1,h2", "names several hosts"),
        ("sentinel://h1:26379", "where NAME is what the Sentinels call the primary"),
        ("sentinel://h1:26379/pulse/0", "[?]db=1 is its database"),
        ("sentinel://h1:26379,/pulse", "not with a host like ''"),
        ("sentinel://h1:sentinel/pulse", "not with a host like 'h1:sentinel'"),
        ("sentinel://:a@h1,:a@h2/pulse", "twice: it stands once"),
        ("sentinel://h1/pulse?db=zero", "a db that is not a number: 'zero'"),
        ("sentinel://h1/pulse?ssl=1", "neither true nor false: '1'"),
        ("sentinel://h1/pulse?password=x", "known are db, sentinel_password, sentinel_username, ssl, ssl_ca_certs"),
        ("sentinel://h1/pulse?db=0&db=1", "one twice"),
    ],
)
def test_any_other_url_is_refused_with_the_possible_forms(tmp_path: Path, name: str, url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{name} .*{says}"):
        Settings.parse({name: url}, tmp_path)


def test_the_broker_is_the_journals_redis_unless_it_is_named(tmp_path: Path) -> None:
    alone = Settings.parse({"PULSE_REDIS_URL": "redis://h:1/0"}, tmp_path)
    apart = Settings.parse({"PULSE_REDIS_URL": "redis://h:1/0", "PULSE_BROKER_URL": "redis://b:1/0"}, tmp_path)
    assert (Settings.parse({}, tmp_path).broker_url, alone.broker_url) == ("redis://127.0.0.1:6379/0", "redis://h:1/0")
    assert (apart.redis_url, apart.broker_url) == ("redis://h:1/0", "redis://b:1/0")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://user:hush%40@h:1/2?password=hush", "redis://h:1/2"),
        ("sentinel://:hush@h1:26379,h2/pulse?sentinel_password=hush", "sentinel://h1:26379,h2/pulse"),
        ("postgresql+psycopg://user:1/hush@h:5432/pulse?password=hush", "postgresql+psycopg://h:5432/pulse"),
        ("sqlite:////var/a@b/pulse.db?timeout=5", "sqlite:////var/a@b/pulse.db"),
    ],
)
def test_the_url_in_a_message_has_no_password(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
