"""Every number on the page agrees with the raw events."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.admin import words
from tests.browser.admin.counts import DAY, Counts
from tests.browser.admin.visit import PAGE_SIZE, Visit, eventually, path_of

if TYPE_CHECKING:
    from datetime import date

    from tests.browser.admin.stack import AdminStack

RANGES = {"Today": 1, "7 days": 7, "30 days": 30, "90 days": 90}
EDGES = (0, 6, 7, 29, 30, 89, 90, 119, 130)
"""How many days ago videos were watched: the first and last days of ranges, and the days just outside."""

on_sqlite = pytest.mark.parametrize("stack", ["sqlite"], indirect=True)


def test_the_page_shows_what_simulate_played(guest: Visit, stack: AdminStack, today: date) -> None:
    stack.simulate(viewers=60, videos=12)
    guest.open().sign_in()
    counts = stack.database.counts().last_days(30, today)
    assert counts.beginning("sim-").total >= 60
    guest.shows(counts)
    guest.shows_chart(counts, today - 29 * DAY, today + DAY)


def test_each_range_holds_the_views_of_its_days(visit: Visit, stack: AdminStack, prefix: str, today: date) -> None:
    _write_edges(stack, prefix, today)
    counts = stack.database.counts()
    visit.open()
    for name, days in RANGES.items():
        visit.choose_range(name)
        visit.shows(counts.last_days(days, today))
        assert ("Daily" in visit.columns()) == (days > 1)


def test_all_time_holds_every_view(visit: Visit, stack: AdminStack, prefix: str, today: date) -> None:
    _write_edges(stack, prefix, today)
    counts = stack.database.counts()
    visit.open()
    visit.choose_range("All time")
    visit.shows(counts)
    assert visit.columns() == ["Rank", "Video", "Share", "Views"]
    visit.shows_chart(counts, counts.first, counts.last + DAY)


@on_sqlite
@pytest.mark.parametrize("days", [121, 841])
def test_long_ranges_are_shown_by_week_or_month(visit: Visit, stack: AdminStack, today: date, days: int) -> None:
    since = today - 900 * DAY
    until = since + days * DAY
    seen = {since: 1, since + DAY: 2, since + 40 * DAY: 3, until - DAY: 4}
    stack.database.write(Counts({(f"long-{days}", day): count for day, count in seen.items()}))
    visit.open(f"/admin?since={since}&until={until}")
    visit.shows_chart(stack.database.counts(), since, until)


@on_sqlite
def test_a_custom_range_includes_both_its_days(visit: Visit, stack: AdminStack, prefix: str, today: date) -> None:
    first, last = today - 30 * DAY, today - 6 * DAY
    _write_edges(stack, prefix, today)
    visit.open()
    visit.choose_days(first, last)
    counts = stack.database.counts().within(first, last + DAY)
    visit.shows(counts)
    visit.shows_chart(counts, first, last + DAY)
    assert visit.address == f"/admin?since={first}&until={last + DAY}"


@on_sqlite
def test_pointing_at_a_day_shows_its_views(visit: Visit, stack: AdminStack, prefix: str, today: date) -> None:
    stack.database.write(Counts({(f"{prefix}a", today - DAY): 1204}))
    visit.open("/admin?range=7d")
    box = visit.chart.bounding_box()
    assert box
    visit.page.mouse.move(box["x"] + box["width"] * 5.5 / 7, box["y"] + box["height"] / 2)
    views = stack.database.counts().within(today - DAY, today).total
    text = f"{words.day(today - DAY)}: {words.views(views)}"
    expect(visit.chart.get_by_text(text, exact=True)).to_be_visible()
    expect(visit.chart).to_have_attribute("aria-valuetext", text)


@on_sqlite
def test_a_search_finds_ids_by_prefix(visit: Visit, stack: AdminStack, prefix: str, today: date) -> None:
    ids = ("Cats", "cats", "cats-2", "a-cats", "ca%ts")
    stack.database.write(Counts({(f"{prefix}{name}", today): 3 + number for number, name in enumerate(ids)}))
    counts = stack.database.counts().last_days(30, today)
    visit.open()
    for search in (f"{prefix}cat", f"{prefix}C", f"{prefix}ca%", prefix):
        visit.search(search)
        visit.shows(counts, search)
    visit.search(f"{prefix}dogs")
    expect(visit.page.get_by_text(f"No video begins with “{prefix}dogs”")).to_be_visible()
    visit.search("")
    visit.shows(counts)


def test_pages_lead_through_the_whole_ranking_and_back(
    visit: Visit, stack: AdminStack, prefix: str, today: date
) -> None:
    # Three videos share each count, so that ties are ordered, too.
    stack.database.write(Counts({(f"{prefix}{number:03}", today): 1 + number // 3 for number in range(120)}))
    counts = stack.database.counts().last_days(30, today)
    visit.open(f"/admin?q={prefix}")
    visit.shows(counts, prefix)
    assert _page_links(visit) == ["Next page"]
    for page in (1, 2):
        visit.link("Next page").click()
        visit.shows(counts, prefix, first=page * PAGE_SIZE)
    assert _page_links(visit) == ["First page", "Previous page"]
    visit.link("Previous page").click()
    visit.shows(counts, prefix, first=PAGE_SIZE)
    assert _page_links(visit) == ["First page", "Previous page", "Next page"]
    visit.link("First page").click()
    visit.shows(counts, prefix)


def test_a_videos_own_page_shows_its_numbers(visit: Visit, stack: AdminStack, prefix: str, today: date) -> None:
    _write_edges(stack, prefix, today)
    video_id = f"{prefix}b"
    visit.open(f"/admin?q={prefix}")
    visit.video_link(video_id).click()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text(video_id)
    counts = stack.database.counts()
    for name, days in RANGES.items():
        visit.choose_range(name)
        eventually(visit.figures, _figures(counts, counts.last_days(days, today), video_id))
    visit.shows_chart(counts.beginning(video_id), today - 89 * DAY, today + DAY)
    visit.choose_range("All time")
    eventually(visit.figures, _figures(counts, counts, video_id))
    own = counts.beginning(video_id)
    visit.shows_chart(own, own.first, own.last + DAY)
    visit.link("All videos").click()
    expect(visit.page.get_by_role("heading", name="What people watch", level=1)).to_be_visible()


@on_sqlite
def test_a_video_that_nobody_watched_has_a_page_that_says_so(visit: Visit, prefix: str) -> None:
    visit.complaints.expect_failed_requests("404")
    visit.open(path_of(f"{prefix}never"))
    expect(visit.page.get_by_role("heading", name="Nobody has watched this video")).to_be_visible()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text(f"{prefix}never")


@on_sqlite
@pytest.mark.parametrize("search", ["", "-"])
def test_the_csv_holds_the_counts_that_are_shown(
    visit: Visit, stack: AdminStack, prefix: str, today: date, search: str
) -> None:
    _write_edges(stack, prefix, today)
    search = search and prefix
    visit.open(f"/admin?range=7d&q={search}")
    with visit.page.expect_download() as download:
        visit.link("Download CSV").click()
    counts = stack.database.counts().last_days(7, today).beginning(search)
    expected = [[video_id, str(count)] for video_id, count in sorted(counts.by_video().items())]
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert list(csv.reader(io.StringIO(text))) == [["video_id", "watched_50_count"], *expected]


def _write_edges(stack: AdminStack, prefix: str, today: date) -> None:
    """Two videos, watched on the first and last days of ranges, that take turns being ahead."""
    pairs = {}
    for number, ago in enumerate(EDGES, start=1):
        pairs[f"{prefix}a", today - ago * DAY] = 2 * number
        pairs[f"{prefix}b", today - ago * DAY] = 20 - number
    stack.database.write(Counts(pairs))


def _figures(counts: Counts, shown: Counts, video_id: str) -> dict[str, str]:
    own = counts.beginning(video_id)
    return {
        "Views in this range": f"{shown.beginning(video_id).total:,}",
        "Views of all time": f"{own.total:,}",
        "Rank": f"{counts.rank(video_id):,}",
        "First seen": words.day(own.first),
        "Last seen": words.day(own.last),
    }


def _page_links(visit: Visit) -> list[str]:
    return visit.page.get_by_role("navigation", name="Pages").get_by_role("link").all_inner_texts()
