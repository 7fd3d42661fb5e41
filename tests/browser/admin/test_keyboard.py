"""The whole page by keyboard: every focused element is in the window and has a focus ring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import Stop, focused
from tests.browser.admin import words
from tests.browser.admin.counts import DAY, Counts
from tests.browser.admin.visit import PAGE_SIZE, Visit, path_of
from tests.conftest import TOKEN

if TYPE_CHECKING:
    from datetime import date

    from tests.browser.admin.stack import AdminStack

pytestmark = pytest.mark.parametrize("stack", ["sqlite"], indirect=True)

MOST_STOPS = 80


@pytest.fixture
def width() -> int:
    """The width of a small phone's window."""
    return 320


@pytest.fixture
def keyboard(guest: Visit, width: int) -> Visit:
    """A visitor without a mouse."""
    guest.page.set_viewport_size({"width": width, "height": 800})
    return guest


@pytest.fixture
def counts(stack: AdminStack, prefix: str, today: date) -> Counts:
    """More videos than fit on a page."""
    stack.database.write(
        Counts({(f"{prefix}{number:02}", today - number % 3 * DAY): 2 * number + 1 for number in range(60)})
    )
    return stack.database.counts()


def test_one_can_sign_in_and_out_by_keyboard(keyboard: Visit) -> None:
    keyboard.open()
    expect(keyboard.page.get_by_label("Admin token")).to_be_focused()
    keyboard.page.keyboard.type(TOKEN)
    keyboard.page.keyboard.press("Enter")
    expect(keyboard.page.get_by_role("heading", name="What people watch")).to_be_focused()
    _tab_to(keyboard, "Sign out", backwards=True)
    keyboard.page.keyboard.press("Enter")
    expect(keyboard.page.get_by_label("Admin token")).to_be_focused()
    focused(keyboard.page)


def test_the_skip_link_skips_the_header(keyboard: Visit) -> None:
    keyboard.enter().open()
    keyboard.chart.wait_for()
    assert _tab(keyboard).name == "#content"
    keyboard.page.keyboard.press("Enter")
    assert _tab(keyboard).words == "Today"


def test_days_can_be_chosen_by_keyboard(keyboard: Visit, counts: Counts, today: date) -> None:
    keyboard.enter().open().shows(counts.last_days(30, today))
    _tab_to(keyboard, "7 days")
    keyboard.page.keyboard.press("Enter")
    keyboard.shows(counts.last_days(7, today))
    assert focused(keyboard.page).words == "7 days"
    _tab_to(keyboard, "Custom")
    keyboard.page.keyboard.press("Enter")
    for name, day in {"From": today - 2 * DAY, "To": today - DAY}.items():
        _tab_to(keyboard, name)
        keyboard.page.keyboard.type(f"{day:%m%d%Y}")
    keyboard.page.keyboard.press("Enter")
    keyboard.shows(counts.within(today - 2 * DAY, today))


def test_the_chart_can_be_read_by_keyboard(keyboard: Visit, counts: Counts, today: date) -> None:
    days = words.bars(counts.series(today - 6 * DAY, today + DAY))
    keyboard.enter().open("/admin?range=7d").shows(counts.last_days(7, today))
    _tab_to(keyboard, "Views per day")
    assert keyboard.bar() == days[6]
    for key, number in {"ArrowLeft": 5, "Home": 0, "ArrowRight": 1, "End": 6, "ArrowDown": 5, "ArrowUp": 6}.items():
        keyboard.page.keyboard.press(key)
        expect(keyboard.chart).to_have_attribute("aria-valuetext", days[number])
        expect(keyboard.chart.get_by_text(days[number], exact=True)).to_be_visible()
    keyboard.page.keyboard.press("ArrowRight")
    expect(keyboard.chart).to_have_attribute("aria-valuetext", days[6])
    keyboard.page.keyboard.press("Home")
    keyboard.page.keyboard.press("ArrowLeft")
    expect(keyboard.chart).to_have_attribute("aria-valuetext", days[0])


@pytest.mark.parametrize("width", [320, 1440])
def test_one_can_search_open_a_video_and_go_back_by_keyboard(
    keyboard: Visit, counts: Counts, prefix: str, today: date
) -> None:
    video_id = counts.beginning(prefix).ranking()[2][0]
    keyboard.enter().open().shows(counts.last_days(30, today))
    _tab_to(keyboard, "Find videos by the start of their id")
    keyboard.page.keyboard.type(prefix)
    keyboard.shows(counts.last_days(30, today), prefix)
    _tab_to(keyboard, video_id)
    keyboard.page.keyboard.press("Enter")
    expect(keyboard.page.get_by_role("heading", level=1, name=video_id)).to_be_focused()
    assert keyboard.address == path_of(video_id)
    _tab_to(keyboard, "All videos", backwards=True)
    keyboard.page.keyboard.press("Enter")
    expect(keyboard.page.get_by_role("heading", level=1, name="What people watch")).to_be_focused()


def test_one_can_turn_pages_by_keyboard(keyboard: Visit, counts: Counts, prefix: str, today: date) -> None:
    month = counts.last_days(30, today)
    keyboard.enter().open(f"/admin?q={prefix}").shows(month, prefix)
    _tab_to(keyboard, "Next page")
    keyboard.page.keyboard.press("Enter")
    keyboard.shows(month, prefix, first=PAGE_SIZE)
    _tab_to(keyboard, "First page")
    keyboard.page.keyboard.press("Enter")
    keyboard.shows(month, prefix)


def _tab_to(visit: Visit, name: str, *, backwards: bool = False) -> None:
    """Press Tab until the element called `name` has the focus."""
    passed: list[Stop] = []
    while not passed or passed[-1].words != name:
        assert len(passed) < MOST_STOPS, passed
        passed.append(_tab(visit, backwards=backwards))


def _tab(visit: Visit, *, backwards: bool = False) -> Stop:
    visit.page.keyboard.press("Shift+Tab" if backwards else "Tab")
    return focused(visit.page)
