"""The demo site that Flask serves, on the stack's own origin and with a strict Content-Security-Policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pulse_analytics.events import DEFAULT_EVENT
from tests.browser.admin.web import Web
from tests.browser.stage import Stage, Video

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import ConsoleMessage

    from tests.browser.stack import Stack


@pytest.fixture(scope="module")
def site_url(stack: Stack) -> Iterator[str]:
    """The demo site of a web process that counts the half alone, as it does by default."""
    with Web(stack.folder, {**stack.env, "PULSE_EVENTS": DEFAULT_EVENT}) as web:
        yield web.url


@pytest.fixture
def own_site(stage: Stage) -> Iterator[Stage]:
    """The stage, for pages on a web process's own origin; no CSP violation or other error is allowed in them."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    stage.page.on("console", note)
    yield stage
    assert complaints == []


def test_a_watch_page_counts(own_site: Stage, site_url: str) -> None:
    video_id = "one-turn"
    before = own_site.stack.count(video_id)
    own_site.page.goto(f"{site_url}/watch/{video_id}")
    video = Video(own_site.page.locator("video"))
    video.seek(9)
    video.press_space()
    own_site.page.get_by_role("status").get_by_text("Past the half").wait_for()
    video.play_to_the_end(rate=8)
    video.play_to_the_end(rate=16)
    own_site.ends({video_id: before + 1}, reports=1)


def test_previews_of_the_feed_play_and_count(own_site: Stage, site_url: str) -> None:
    video_id = "tides"
    before = own_site.stack.count(video_id)
    own_site.page.goto(site_url)
    video = Video(own_site.page.locator("video").first)
    video.wait_until("video.currentTime > 0.5")
    video.play(rate=16)
    video.wait_for_loops(2)
    own_site.page.get_by_role("link", name="Tides").click()
    own_site.page.get_by_role("heading", name="Tides", level=1).wait_for()
    own_site.ends({video_id: before + 1}, reports=1)
