"""Counts that rise while the page is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.admin.counts import Counts
from tests.browser.admin.visit import Visit, eventually

if TYPE_CHECKING:
    from datetime import date

    from tests.browser.admin.stack import AdminStack

pytestmark = pytest.mark.parametrize("stack", ["sqlite"], indirect=True)


def test_a_count_rises_by_itself(visit: Visit, stack: AdminStack, prefix: str, today: date) -> None:
    stack.watch(f"{prefix}a")
    stack.wait_until_counted()
    visit.open(f"/admin?q={prefix}").shows(stack.database.counts().last_days(30, today), prefix)
    visit.page.evaluate("window.notLoadedAgain = true")
    stack.watch(f"{prefix}a", times=2)
    stack.watch(f"{prefix}b")
    stack.wait_until_counted()
    visit.shows(stack.database.counts().last_days(30, today), prefix)
    assert [row.views for row in visit.ranking()] == ["3", "1"]
    assert visit.page.evaluate("window.notLoadedAgain")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_focus_stays_on_its_video_when_rows_change_places(
    visit: Visit, stack: AdminStack, prefix: str, today: date, place: int
) -> None:
    videos = [f"{prefix}{name}" for name in "abc"]
    stack.database.write(Counts({(video_id, today): 3 - number for number, video_id in enumerate(videos)}))
    visit.stop_waiting().open(f"/admin?q={prefix}")
    link = visit.video_link(videos[place])
    link.focus()
    stack.watch(videos[2], times=5)
    stack.wait_until_counted()
    eventually(lambda: [row.video for row in visit.later().ranking()], [videos[2], videos[0], videos[1]])
    expect(link).to_be_focused()


def test_a_videos_own_page_rises_by_itself(visit: Visit, stack: AdminStack, prefix: str) -> None:
    stack.watch(f"{prefix}a")
    stack.wait_until_counted()
    visit.stop_waiting().open(f"/admin/videos/{prefix}a?range=today")
    eventually(lambda: visit.figures().get("Views in this range"), "1")
    stack.watch(f"{prefix}a")
    stack.wait_until_counted()
    eventually(lambda: visit.later().figures().get("Views in this range"), "2")
    assert visit.bars()[-1].endswith(": 2 views")


def test_the_count_of_the_last_hour_rises_by_itself(visit: Visit, stack: AdminStack, prefix: str) -> None:
    visit.stop_waiting().open()
    before = _last_hour(visit)
    stack.watch(f"{prefix}a", times=3)
    stack.wait_until_counted()
    eventually(lambda: _last_hour(visit.later()), before + 3)


def test_a_hidden_tab_sends_no_requests(visit: Visit) -> None:
    visit.page.add_init_script(
        "Object.defineProperty(document, 'visibilityState', { get: () => window.unseen ? 'hidden' : 'visible' })"
    )
    visit.stop_waiting().open()
    visit.chart.wait_for()
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.page.evaluate("window.unseen = true")
    for _ in range(5):
        visit.later()
    assert asked == []
    visit.page.evaluate("window.unseen = false; document.dispatchEvent(new Event('visibilitychange'))")
    eventually(lambda: any("/top" in url for url in asked), expected=True)


def _last_hour(visit: Visit) -> int:
    words = visit.pipeline.get_by_text("counted in the last hour").inner_text()
    return int(words.split()[0].replace(",", ""))
