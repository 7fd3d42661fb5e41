"""The pages agree with each other and with the code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from pulse_analytics import user_ids
from pulse_analytics.config import Settings
from tests.docs.pages import ROOT, pages, prose

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_KEPT = [line.split("\t") for line in (Path(__file__).parent / "kept.txt").read_text(encoding="utf-8").splitlines()]


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def test_the_tour_names_every_file_that_an_event_passes() -> None:
    tour = prose("docs/path.md")
    folders = ("pulse_analytics/ingest", "pulse_analytics/reports", "frontend/player/lib")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.*") if path.suffix in {".py", ".ts"}]
    assert len(files) > 30
    missing = [str(path.relative_to(ROOT)) for path in files if path.name not in tour and path.name != "__init__.py"]
    assert not missing


def test_every_setting_is_in_the_configuration_page_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(PULSE_\w+)` \| `?([^|]+?)`? \|", _text("docs/configuration.md"), re.MULTILINE))
    names = {f"PULSE_{field.name.upper()}" for field in fields(Settings)}
    assert set(rows) == names - {"PULSE_USER_IDS"} | {user_ids.NAME}  # The field holds what the keys do.
    for field in fields(Settings):
        if type(field.default) in {int, float}:
            assert rows[f"PULSE_{field.name.upper()}"] == f"{field.default:g}", field.name


def test_every_test_that_a_page_names_exists() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", _text("docs/findings.md"))
    assert len(named) > 20
    assert not [name for name in named if f"def {name}(" not in code]


@pytest.mark.parametrize(("page", "phrase"), _KEPT)
def test_every_number_limit_and_promise_still_stands(page: str, phrase: str) -> None:
    assert phrase in prose(page)


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")
