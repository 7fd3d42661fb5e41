"""Videos with an entry in the catalogue: titles as text, links, tags, and what the search finds."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import urllib3
from playwright.sync_api import expect

from tests.browser.accessibility import faults
from tests.browser.admin.counts import Counts
from tests.browser.admin.test_accessibility import SCALE
from tests.browser.admin.visit import Visit, eventually
from tests.conftest import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.admin.database import Database
    from tests.browser.admin.stack import AdminStack
    from tests.browser.admin.web import Web

pytestmark = [pytest.mark.nightly, pytest.mark.parametrize("stack", ["sqlite"], indirect=True)]

TITLES = {
    "tides": "The northern tides",
    "markup": "<img src=x onerror=alert(1)> </b>",
    "formula": '=HYPERLINK("http://stranger.example/")',
    "right-to-left": "\u202e\u0645\u0631\u062d\u0628\u0627 evil",
    "long": "Wide " * 99,
    "no-break": "W" * 500,
    "marks": "e" + "\u0301" * 300,
    "plain": None,
}


@pytest.fixture(scope="module")
def web(sqlite_stack: AdminStack, own_database: Database) -> Iterator[Web]:
    """A web process on a database with only these videos."""
    today = datetime.now(UTC).date()
    own_database.write(Counts({(video, today): 9 - place for place, video in enumerate(TITLES)}))
    with sqlite_stack.another_web(PULSE_DATABASE_URL=own_database.url) as web:
        entries = [
            {"videoId": video, "title": title, "pageUrl": f"https://shop.example/{video}", "tags": ["sea", video]}
            for video, title in TITLES.items()
            if title
        ]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = urllib3.request("PUT", f"{web.url}/admin/videos", json={"videos": entries}, headers=headers)
        assert answer.status == 200, answer.data
        yield web


@pytest.fixture
def visit(guest: Visit, web: Web) -> Visit:
    """A visitor who has signed in there."""
    return guest.at(web.url).enter()


def test_titles_are_text_above_their_ids(visit: Visit) -> None:
    visit.open()
    eventually(lambda: [row.video for row in visit.ranking()], [_cell(video) for video in TITLES])
    visit.link(TITLES["markup"] or "").click()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text(TITLES["markup"] or "")
    expect(visit.page.get_by_role("link", name="Page of")).to_have_attribute("href", "https://shop.example/markup")
    assert visit.page.locator("main img").count() == 0


def test_a_search_finds_words_of_a_title_and_the_beginning_of_an_id(visit: Visit) -> None:
    visit.open()
    search = visit.page.get_by_role("searchbox", name="Find videos by title words or the start of their id")
    for text, found in {"TIDES north": "tides", "pla": "plain"}.items():
        search.fill(text)
        eventually(lambda: [row.video for row in visit.ranking()], [_cell(found)])
    search.fill("nothing like it")
    expect(visit.page.get_by_text("No title has the words, and no id the beginning, “nothing like it”")).to_be_visible()


def test_a_tag_filters_the_ranking_and_the_csv(visit: Visit) -> None:
    visit.open("/admin/videos/tides")
    visit.link("tides").click()
    eventually(lambda: [row.video for row in visit.ranking()], [_cell("tides")])
    with visit.page.expect_download() as download:
        visit.link("Download CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert list(csv.reader(io.StringIO(text)))[1:] == [["tides", "9", "The northern tides"]]
    visit.link("All videos").click()
    eventually(lambda: len(visit.ranking()), len(TITLES))
    assert visit.address == "/admin"


@pytest.mark.parametrize("width", [320, 1280])
def test_no_title_breaks_the_layout(visit: Visit, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 800})
    visit.page.emulate_media(reduced_motion="reduce")
    for path in ("/admin", *(f"/admin/videos/{video}" for video in TITLES)):
        visit.open(path)
        visit.table.or_(visit.page.get_by_role("term")).first.wait_for()
        assert visit.overflow() == 0, path
        assert faults(visit.page, left_to_people=SCALE) == [], path


def _cell(video: str) -> str:
    """The cell of a video in the ranking."""
    title = TITLES[video]
    return f"{title}{video}Page" if title else video
