"""A visitor of the admin page: what they do, and what the page shows."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import quote, urlsplit

from playwright.sync_api import expect

from tests.browser.admin import words
from tests.conftest import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from playwright.sync_api import Locator, Page

    from tests.browser.admin.complaints import Complaints
    from tests.browser.admin.counts import Counts

PAGE_SIZE = 50
POLL_SECONDS = 5
"""The page's polling interval."""

_PATIENCE_SECONDS = 12.0
_PAUSE_SECONDS = 0.05
_READ_TABLE = "table => Array.from(table.rows, row => Array.from(row.cells, cell => cell.textContent.trim()))"
_READ_FIGURES = """() =>
  Array.from(document.querySelectorAll('dt'), (dt) => [dt.textContent, dt.nextElementSibling.textContent])"""
# In one script, because real key presses take a second for 90 days.
_WALK = """async (chart) => {
  const press = async (key) => {
    chart.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    await Promise.resolve();
    return chart.getAttribute('aria-valuetext');
  };
  const said = [await press('Home')];
  const last = Number(chart.getAttribute('aria-valuemax'));
  while (said.length <= last) said.push(await press('ArrowRight'));
  await press('End');
  return said;
}"""


class Row(NamedTuple):
    """A row of the ranking, as the page writes it."""

    rank: str
    video: str
    share: str
    views: str


def rows(counts: Counts, prefix: str = "", *, first: int = 0) -> list[Row]:
    """The page of the ranking from place `first` (from 0) on, of videos whose id begins with `prefix`."""
    places = list(enumerate(counts.beginning(prefix).ranking(), start=1))
    total = counts.total
    return [
        Row(f"{rank:,}", video_id, words.share(count, total), f"{count:,}")
        for rank, (video_id, count) in places[first : first + PAGE_SIZE]
    ]


def path_of(video_id: str) -> str:
    """The path of a video's own page, escaped as encodeURIComponent does."""
    return "/admin/videos/" + quote(video_id, safe="!'()*-._~")


def eventually(read: Callable[[], object], expected: object) -> None:
    """Wait until `read()` returns `expected`; fail with its value if it does not in time."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (seen := read()) != expected and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
    assert seen == expected


class Visit:
    """A browser page that shows the admin page of the web process at `url`."""

    def __init__(self, page: Page, url: str, complaints: Complaints) -> None:
        self.page = page
        self.url = url
        self.complaints = complaints

    def at(self, url: str) -> Visit:
        """The same browser page for another web process."""
        return Visit(self.page, url, self.complaints)

    def open(self, path: str = "/admin") -> Self:
        """Load an address."""
        self.page.goto(self.url + path)
        heading, alert = self.page.get_by_role("heading", level=1), self.page.get_by_role("alert")
        heading.or_(alert).filter(visible=True).first.wait_for()
        return self

    def sign_in(self, token: str = TOKEN) -> Self:
        """Sign in with the form."""
        self.page.get_by_label("Admin token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        return self

    def enter(self, token: str = TOKEN) -> Self:
        """Sign in through the API, without the form."""
        request = self.page.context.request
        csrf = {"X-CSRF-Token": request.get(f"{self.url}/admin/session").json()["csrfToken"]}
        assert request.post(f"{self.url}/admin/session", data={"token": token}, headers=csrf).ok
        return self

    def asks(self, path: str = "/admin/analytics/top") -> int:
        """The status with which the API answers this browser."""
        return self.page.context.request.get(self.url + path).status

    # Time.

    def stop_waiting(self) -> Self:
        """Replace the page's clock by one that `later` advances. It starts at noon, so that no day ends in a test."""
        self.page.clock.install(time=datetime.now(UTC).replace(hour=12, minute=0, second=0))
        return self

    def later(self, seconds: float = POLL_SECONDS) -> Self:
        """Advance the clock of the page."""
        self.page.clock.fast_forward(int(seconds * 1000))
        return self

    def comes_to_say(self, place: Locator, text: str) -> None:
        """Advance the clock of the page until `place` contains `text`."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not place.filter(has_text=text).count() and time.monotonic() < deadline:
            self.later()
            time.sleep(_PAUSE_SECONDS)
        expect(place).to_contain_text(text, timeout=1)

    # What it shows.

    @property
    def address(self) -> str:
        """The path and query of the current address."""
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def pipeline(self) -> Locator:
        """The line with the state of the pipeline."""
        return self.page.get_by_role("region", name="Pipeline")

    @property
    def stale(self) -> Locator:
        """The note that numbers are old."""
        return self.page.get_by_role("status").filter(has_text="These numbers are")

    @property
    def sign_in_form(self) -> Locator:
        """The heading of the sign-in form."""
        return self.page.get_by_role("heading", name="Sign in", level=1)

    @property
    def table(self) -> Locator:
        """The ranking."""
        return self.page.get_by_role("table", name="Ranking")

    @property
    def chart(self) -> Locator:
        """The chart."""
        return self.page.get_by_role("slider", name="Views per")

    @property
    def funnel(self) -> Locator:
        """The table of milestones."""
        return self.page.get_by_role("table", name="Funnel")

    def link(self, name: str) -> Locator:
        """The link with exactly this name."""
        return self.page.get_by_role("link", name=name, exact=True)

    def video_link(self, video_id: str) -> Locator:
        """The link of a video in the ranking, for any range."""
        path = path_of(video_id)
        return self.table.locator(f'a[href="{path}"], a[href^="{path}?"]')

    def total(self) -> str:
        """The number of views in the range."""
        return self.page.get_by_test_id("total").inner_text()

    def milestones(self) -> list[list[str]]:
        """The rows of the funnel without its bars, each beginning with the milestone's name; or none."""
        if not self.funnel.count():
            return []
        _, *cells = self.funnel.evaluate(_READ_TABLE)
        return [[name, *numbers] for name, _, *numbers in cells]

    def columns(self) -> list[str]:
        """The names of the columns."""
        return self.table.get_by_role("columnheader").all_inner_texts()

    def ranking(self) -> list[Row]:
        """The rows of the ranking, or none if there is no table."""
        if not self.table.count():
            return []
        heads, *cells = self.table.evaluate(_READ_TABLE)
        places = [heads.index(name) for name in ("Rank", "Video", "Share", "Views")]
        return [Row(*(row[place] for place in places)) for row in cells]

    def figures(self) -> dict[str, str]:
        """The figures of a video's own page, or none."""
        return dict(self.page.evaluate(_READ_FIGURES))

    def bars(self) -> list[str]:
        """The text that the chart announces for each bar when the keyboard walks through them."""
        said: list[str] = self.chart.evaluate(_WALK)
        return said

    def bar(self) -> str:
        """The text that the chart announces for the current bar."""
        return self.chart.get_attribute("aria-valuetext") or ""

    def shows(self, counts: Counts, prefix: str = "", *, first: int = 0) -> None:
        """Wait until the total, and the ranking of a search, agree with `counts`."""
        eventually(lambda: (self.total(), self.ranking()), (f"{counts.total:,}", rows(counts, prefix, first=first)))

    def shows_chart(self, counts: Counts, since: date, until: date) -> None:
        """Wait until the chart shows these days."""
        series = counts.series(since, until)
        expect(self.chart).to_have_accessible_name(f"Views per {words.unit(len(series))}")
        eventually(self.bars, words.bars(series))

    # What it does.

    def choose_range(self, name: str) -> None:
        """Choose a named range."""
        link = self.page.get_by_role("navigation", name="Range").get_by_role("link", name=name, exact=True)
        link.click()
        expect(link).to_have_attribute("aria-current", "true")

    def choose_days(self, first: date, last: date) -> None:
        """Choose a custom range of days, both included."""
        button = self.page.get_by_role("button", name="Custom")
        if button.get_attribute("aria-expanded") == "false":
            button.click()
        self.page.get_by_label("From").fill(first.isoformat())
        self.page.get_by_label("To").fill(last.isoformat())
        self.page.get_by_role("button", name="Show").click()

    def search(self, prefix: str) -> None:
        """Search for ids that begin with `prefix`."""
        self.page.get_by_role("searchbox", name="Find videos by the start of their id").fill(prefix)

    def overflow(self) -> int:
        """How many pixels the page extends beyond the right edge of the window."""
        wide: Any = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return int(wide)
