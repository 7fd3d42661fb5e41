"""The address holds the state of the page: it survives a reload, can be shared, and works with the back button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.admin.counts import DAY, Counts
from tests.browser.admin.visit import PAGE_SIZE, Visit, eventually

if TYPE_CHECKING:
    from datetime import date

    from tests.browser.admin.stack import AdminStack

pytestmark = pytest.mark.parametrize("stack", ["sqlite"], indirect=True)


@pytest.fixture
def counts(stack: AdminStack, prefix: str, today: date) -> Counts:
    """70 videos, watched today and 40 days ago, and one more that a search for them does not find."""
    videos = range(70)
    now = {(f"{prefix}{number:02}", today): 1 + number // 4 for number in videos}
    then = {(f"{prefix}{number:02}", today - 40 * DAY): 18 - number // 4 for number in videos}
    stack.database.write(Counts({**now, **then, (f"not-{prefix}", today): 50}))
    return stack.database.counts()


def test_a_second_page_of_a_search_survives_a_reload_and_is_the_same_in_another_tab(
    visit: Visit, counts: Counts, prefix: str, today: date
) -> None:
    visit.open()
    visit.choose_range("90 days")
    visit.search(prefix)
    visit.shows(counts.last_days(90, today), prefix)
    visit.link("Next page").click()
    shown = counts.last_days(90, today)
    visit.shows(shown, prefix, first=PAGE_SIZE)
    visit.page.reload()
    visit.shows(shown, prefix, first=PAGE_SIZE)
    another = Visit(visit.page.context.new_page(), visit.url, visit.complaints)
    another.open(visit.address).shows(shown, prefix, first=PAGE_SIZE)
    for each in (visit, another):
        assert _current_range(each) == ["90 days"]
        assert each.page.get_by_role("searchbox").input_value() == prefix


def test_a_custom_range_is_still_in_the_form_after_a_reload(visit: Visit, counts: Counts, today: date) -> None:
    first, last = today - 40 * DAY, today - DAY
    visit.open()
    visit.choose_days(first, last)
    visit.shows(counts.within(first, last + DAY))
    visit.page.reload()
    visit.shows(counts.within(first, last + DAY))
    assert _current_range(visit) == []
    assert visit.page.get_by_label("From").input_value() == first.isoformat()
    assert visit.page.get_by_label("To").input_value() == last.isoformat()


def test_back_and_forward_lead_through_ranges_pages_and_videos(
    visit: Visit, counts: Counts, prefix: str, today: date
) -> None:
    month, week, quarter = (counts.last_days(days, today) for days in (30, 7, 90))
    video_id = quarter.beginning(prefix).ranking()[PAGE_SIZE][0]
    visit.open(f"/admin?q={prefix}").shows(month, prefix)
    visit.choose_range("7 days")
    visit.shows(week, prefix)
    visit.choose_range("90 days")
    visit.shows(quarter, prefix)
    visit.link("Next page").click()
    visit.shows(quarter, prefix, first=PAGE_SIZE)
    visit.video_link(video_id).click()
    _shows_video(visit, video_id)
    visit.page.go_back()
    visit.shows(quarter, prefix, first=PAGE_SIZE)
    visit.page.go_back()
    visit.shows(quarter, prefix)
    visit.page.go_back()
    visit.shows(week, prefix)
    visit.page.go_back()
    visit.shows(month, prefix)
    assert _current_range(visit) == ["30 days"]
    for shown in (week, quarter):
        visit.page.go_forward()
        visit.shows(shown, prefix)
    visit.page.go_forward()
    visit.shows(quarter, prefix, first=PAGE_SIZE)
    visit.page.go_forward()
    _shows_video(visit, video_id)
    assert _current_range(visit) == ["90 days"]


def test_an_invalid_address_shows_the_last_30_days(visit: Visit, counts: Counts, today: date) -> None:
    for query in ("range=fortnight", "since=yesterday&until=today", f"since={today}&until={today}"):
        visit.open(f"/admin?{query}").shows(counts.last_days(30, today))
        assert _current_range(visit) == ["30 days"]


def _shows_video(visit: Visit, video_id: str) -> None:
    eventually(visit.page.get_by_role("heading", level=1).inner_text, video_id)


def _current_range(visit: Visit) -> list[str]:
    return visit.page.get_by_role("navigation", name="Range").locator("[aria-current=true]").all_inner_texts()
