"""docs/privacy.md lists every place that may hold something about a person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import pulse_analytics.database.models  # noqa: F401 - it fills the metadata
from pulse_analytics.app import create_app
from pulse_analytics.cli import pulse_group
from pulse_analytics.database import db
from tests.docs.pages import ROOT, prose

if TYPE_CHECKING:
    from pathlib import Path

PAGE = prose("docs/privacy.md")

_SERVER = [path for path in (ROOT / "pulse_analytics").rglob("*.py") if "migrations" not in path.parts]
_BROWSER = [
    path
    for folder in ("player", "site")
    for path in (ROOT / "frontend" / folder).rglob("*.*")
    if path.suffix in {".ts", ".tsx", ".js", ".mjs", ".html"}
    and not {"node_modules", "tests", "traces"} & set(path.parts)
    and not any(part.startswith("dist") for part in path.parts)
]

_REDIS_KEY = re.compile(r"""["']((?:pulse|dedupe|queue):[a-z][\w:-]*|pulse\.persist)""")
_BROWSER_KEY = re.compile(r"""["'`]((?:lease:|pulse:)[a-z:]*)""")
_STORAGE = re.compile(r"\b(localStorage|sessionStorage|indexedDB|cookieStore|document\.cookie|caches\.open)\b")


def _found(pattern: re.Pattern[str], paths: list[Path]) -> set[str]:
    return {match for path in paths for match in pattern.findall(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("table", sorted(db.metadata.tables))
def test_every_table_is_listed(table: str) -> None:
    assert f"`{table}`" in PAGE


def test_every_redis_key_is_listed() -> None:
    keys = _found(_REDIS_KEY, _SERVER)
    assert {"queue:analytics:dead", "pulse:sign-in:", "pulse:session-key", "dedupe:video:", "pulse.persist"} <= keys
    assert not [key for key in keys if f"`{key}" not in PAGE]


def test_every_key_that_celery_may_use_is_listed() -> None:
    """`tests/test_acl.py` shows that nothing uses other keys than these."""
    patterns = re.findall(r"'~([^']+)'", (ROOT / "docs/operations.md").read_text(encoding="utf-8"))
    assert len(patterns) > 5
    beginnings = [pattern.rstrip("*").replace("*", "…") for pattern in patterns]
    assert not [beginning for beginning in beginnings if f"`{beginning}" not in PAGE]


def test_every_key_in_the_browser_is_listed() -> None:
    keys = _found(_BROWSER_KEY, _BROWSER)
    assert {"pulse:viewer", "pulse:report:", "lease:"} <= keys
    assert not [key for key in keys if f"`{key}" not in PAGE]


def test_the_only_storage_in_the_browser_is_local_storage_and_three_modules_write_to_it() -> None:
    """A fourth one has to be described in docs/privacy.md, too."""
    assert _found(_STORAGE, _BROWSER) == {"localStorage"}
    writers = {path.name for path in _BROWSER if ".setItem(" in path.read_text(encoding="utf-8")}
    assert writers == {"report-lock.ts", "report-store.ts", "viewer.ts"}


def test_every_setting_and_command_that_the_page_names_exists() -> None:
    settings = set(re.findall(r"PULSE_[A-Z_]+[A-Z]", PAGE)) - {"PULSE_USER_ID_KEY_FILE"}
    assert not [name for name in settings if f" `{name}` " not in prose("docs/configuration.md")]
    commands = set(re.findall(r"`pulse ([a-z]+(?:-[a-z]+)*)", PAGE))
    assert {"forget", "export-user", "expire"} <= commands <= set(pulse_group(create_app).commands)
