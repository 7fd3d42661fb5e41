"""The page where the server counts all milestones: funnels, rankings by any event, columns, comparisons."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from pulse_analytics.events import EVENT_TYPES
from tests.browser.accessibility import faults, focused
from tests.browser.admin.counts import DAY, Counts
from tests.browser.admin.measure import load
from tests.browser.admin.test_accessibility import SCALE
from tests.browser.admin.visit import Visit, eventually
from tests.browser.stage import Video

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.browser.admin.database import Database
    from tests.browser.admin.stack import AdminStack
    from tests.browser.admin.web import Web

pytestmark = pytest.mark.parametrize("stack", ["sqlite"], indirect=True)

COUNTS = {
    ("talk", 1): (40, 30, 20, 10, 8),
    ("talk", 8): (20, 20, 16, 20, 8),
    ("clip", 1): (60, 50, 40, 15, 2),
    # Watched before the other milestones were enabled, and in a range that begins while it is watched.
    ("old", 100): (0, 0, 9, 0, 0),
    ("cut", 1): (1, 2, 3, 0, 0),
}
"""How often each video reached each milestone, by how many days ago that was."""
LATER = "more than reached the milestone before"
NONE = "\u2013"
"""What stands where there is no share."""
MOST_SHIFT = 0.01


@pytest.fixture(scope="module")
def web(sqlite_stack: AdminStack, own_database: Database) -> Iterator[Web]:
    """A web process that counts all events, on a database with only COUNTS."""
    today = datetime.now(UTC).date()
    by_event = {
        event: Counts({(video, today - ago * DAY): counts[place] for (video, ago), counts in COUNTS.items()})
        for place, event in enumerate(EVENT_TYPES)
    }
    half = by_event.pop("watched_50_percent")
    own_database.write(half, **by_event)
    with sqlite_stack.another_web(PULSE_DATABASE_URL=own_database.url, PULSE_EVENTS="all") as web:
        yield web


@pytest.fixture
def visit(guest: Visit, web: Web) -> Visit:
    """A visitor who has signed in there."""
    return guest.at(web.url).enter()


def test_the_ranking_page_shows_how_far_all_viewers_get(visit: Visit) -> None:
    visit.open("/admin?range=7d")
    expected = [
        ["Started", "101", "100%", NONE],
        ["25%", "82", "81%", "19%"],
        ["50%", "63", "62%", "23%"],
        ["75%", "25", "25%", "60%"],
        ["95%", "10", "9.9%", "60%"],
    ]
    eventually(visit.milestones, expected)
    # (0.25 * 91.5 + 0.25 * 72.5 + 0.25 * 44 + 0.2 * 17.5 + 0.05 * 10) / 101
    expect(visit.page.get_by_text("About 55% watched on average (estimated between milestones)")).to_be_visible()
    assert visit.columns() == ["Rank", "Video", "Daily", "Share", "Started", "50%", "Completion"]
    assert _table(visit, "Video", "Started", "50%", "Completion") == [
        ["clip", "60", "40", "3.3%"],
        ["talk", "40", "20", "20.0%"],
        ["cut", "1", "3", "0.0%"],
    ]


def test_a_milestone_is_chosen_by_keyboard_and_ranks_and_is_drawn(visit: Visit) -> None:
    visit.open("/admin?range=7d")
    eventually(visit.total, "63")
    visit.funnel.get_by_role("link", name="75%").focus()
    visit.page.keyboard.press("Tab")
    assert focused(visit.page).words == "95%"
    visit.page.keyboard.press("Enter")
    eventually(lambda: visit.page.locator(".total").inner_text(), "10 watched 95%")
    assert visit.address == "/admin?range=7d&event=watched_95_percent"
    assert _table(visit, "Rank", "Video", "Started", "95%") == [["1", "talk", "40", "8"], ["2", "clip", "60", "2"]]
    yesterday = visit.page.get_by_role("slider", name="Watched 95% per day")
    yesterday.press("ArrowLeft")
    expect(yesterday.get_by_text("10 watched 95%")).to_be_visible()
    expect(visit.funnel.get_by_role("link", name="95%")).to_have_attribute("aria-current", "true")
    visit.video_link("talk").click()
    eventually(lambda: visit.figures().get("Watched 95% of all time"), "16")
    visit.page.go_back()
    visit.page.go_back()
    eventually(visit.total, "63")


def test_columns_are_chosen_and_kept_in_the_address(visit: Visit) -> None:
    visit.open("/admin?range=7d")
    visit.table.wait_for()
    visit.page.get_by_role("button", name="Columns").click()
    visit.page.get_by_role("checkbox", name="75%").check()
    visit.page.get_by_label("Completion").uncheck()
    expect(visit.page.get_by_role("checkbox", name="50%")).to_be_disabled()
    visit.page.reload()
    visit.table.wait_for()
    assert visit.columns() == ["Rank", "Video", "Daily", "Share", "Started", "50%", "75%"]
    assert _table(visit, "Video", "75%") == [["clip", "15"], ["talk", "10"], ["cut", "0"]]


def test_a_video_is_compared_with_the_range_before_and_with_the_median(visit: Visit) -> None:
    visit.open("/admin/videos/talk?range=7d")
    expected = [
        ["Started", "40", "+100%", "100%", "100%", NONE],
        ["25%", "30", "+50%", "75%", "79%", "25%"],
        ["50%", "20", "+25%", "50%", "58%", "33%"],
        ["75%", "10", "-50%", "25%", "25%", "50%"],
        ["95%", "8", "0%", "20%", "3.3%", "20%"],
    ]
    # In the fifth column the medians of talk, clip and cut, of which cut has no share of those who watched 25% and 50%.
    eventually(visit.milestones, expected)
    assert visit.funnel.get_by_role("columnheader").all_inner_texts()[2] == "vs. 7 days before"
    visit.choose_range("All time")
    eventually(lambda: visit.milestones()[0][1:4], ["60", "100%", "100%"])


def test_what_cannot_be_compared_has_its_reason_and_no_share(visit: Visit) -> None:
    visit.open("/admin/videos/cut?range=7d")
    expect(visit.page.get_by_text(f"25%: {LATER}")).to_be_visible()
    assert [row[3] for row in visit.milestones()[1:3]] == [NONE, NONE]
    expect(visit.page.get_by_text("No average can be estimated for this range")).to_be_visible()
    visit.open("/admin?range=all")
    expect(visit.page.get_by_text("Started: not recorded before")).to_be_visible()
    assert {row[2] for row in visit.milestones() if row[0] != "50%"} == {NONE}
    assert {row[0] for row in _table(visit, "Completion")} == {NONE}


def test_where_nothing_is_recorded_the_page_says_what_enables_it(visit: Visit) -> None:
    visit.open("/admin?since=1990-01-01&until=1990-01-08")
    expect(visit.page.get_by_text("Nobody watched 50% in this range.")).to_be_visible()
    hint = visit.page.get_by_text("Nothing in this range.")
    expect(hint).to_contain_text("PULSE_EVENTS=all")
    expect(hint).to_contain_text("milestones")


@pytest.mark.parametrize("path", ["/admin?range=7d", "/admin/videos/talk?range=7d", "/admin?range=all"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 768, 1920])
@pytest.mark.nightly
def test_axe_finds_nothing_at_any_width_light_or_dark(visit: Visit, path: str, scheme: Any, width: int) -> None:
    _assert_accessible(visit, path, scheme, width)


@pytest.mark.parametrize(("path", "scheme"), [("/admin?range=7d", "light"), ("/admin/videos/talk?range=7d", "dark")])
def test_axe_finds_nothing_and_nothing_overflows(visit: Visit, path: str, scheme: Any) -> None:
    _assert_accessible(visit, path, scheme, 320)


@pytest.mark.parametrize("path", ["/admin?range=7d", "/admin/videos/talk?range=7d"])
@pytest.mark.parametrize("width", [320, 1440])
@pytest.mark.nightly
def test_nothing_shifts_while_the_page_loads(
    browser: Browser, web: Web, stack: AdminStack, path: str, width: int
) -> None:
    assert load(browser, web.url, path, width).shift < MOST_SHIFT


@pytest.mark.nightly
def test_a_film_that_is_watched_to_its_end_moves_the_funnel_while_one_looks(guest: Visit, stack: AdminStack) -> None:
    guest.complaints.expect_failed_requests("404")
    with stack.another_web(PULSE_EVENTS="all") as web:
        looking = guest.at(web.url).enter().open("/admin/videos/pendulums?range=today")
        expect(looking.page.get_by_role("heading", name="Nobody has watched this video")).to_be_visible()
        cinema = looking.page.context.new_page()
        cinema.goto(f"{web.url}/watch/pendulums")
        video = Video(cinema.locator("video"))
        video.press_space()
        video.play_to_the_end(rate=8)
        expect(cinema.get_by_role("status")).to_have_text("Reported: Started, 25%, 50%, 75%, 95%")
        stack.wait_until_counted()
        eventually(lambda: [row[1] for row in looking.milestones()], ["1"] * 5)
        assert {event: stack.database.counts(event).by_video()["pendulums"] for event in EVENT_TYPES} == dict.fromkeys(
            EVENT_TYPES, 1
        )


def _table(visit: Visit, *columns: str) -> list[list[str]]:
    """These columns of the ranking."""
    heads, *rows = visit.table.evaluate(
        "table => Array.from(table.rows, row => Array.from(row.cells, cell => cell.textContent.trim()))"
    )
    places = [heads.index(name) for name in columns]
    return [[row[place] for place in places] for row in rows]


def _assert_accessible(visit: Visit, path: str, scheme: Any, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 800})
    visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    visit.open(path)
    visit.page.get_by_text("watched on average").or_(visit.page.get_by_text("No average")).first.wait_for()
    assert [row[0] for row in visit.milestones()] == ["Started", "25%", "50%", "75%", "95%"]
    assert faults(visit.page, left_to_people=SCALE) == []
    assert visit.overflow() == 0
