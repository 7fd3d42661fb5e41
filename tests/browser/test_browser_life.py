"""The back/forward cache, and a tab that is really hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.stage import CLIP_4_S, Stage
from tests.facts import wait_until

if TYPE_CHECKING:
    from tests.browser.desktop import Desktop

NOT_RESTORED = "JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons)"


# In Firefox, Playwright waits forever for a page from the cache.
@pytest.mark.skip_browser("firefox")
@pytest.mark.parametrize("left_before_the_mark", [True, False])
def test_a_page_restored_from_the_back_forward_cache_counts_once(
    stage_with_cache: Stage, left_before_the_mark: bool
) -> None:
    stage = stage_with_cache
    video = stage.open([stage.player()])
    if left_before_the_mark:
        video.play_until(9, rate=16)
    else:
        with stage.page.expect_response(f"{stage.stack.url}/analytics"):
            video.play_until(12, rate=16)
    stage.page.goto(f"{stage.site.origin()}/away.html")
    stage.page.go_back(wait_until="commit")
    stage.page.wait_for_function("window.shown.length > 0")
    assert stage.page.evaluate("window.shown") == [False, True], stage.page.evaluate(NOT_RESTORED)
    stage.stack.wait_until_counted({stage.video_id: 0 if left_before_the_mark else 1})
    video.play_to_the_end(rate=16)
    stage.ends_with(1)


@pytest.mark.skip_browser("firefox")  # Desktop is a Chromium.
def test_a_video_that_plays_in_a_hidden_tab_counts(stage: Stage, desktop: Desktop) -> None:
    notes = stage.site.notes
    # With sound, because Chromium pauses a muted video when its tab is hidden.
    tab = desktop.open_tab(stage.url([stage.player(CLIP_4_S, muted=False)], name=stage.video_id))
    desktop.press_space(tab)
    wait_until(lambda: f"{stage.video_id}-plays" in notes)
    desktop.open_tab(f"{stage.site.origin()}/away.html")
    wait_until(lambda: f"{stage.video_id}-hidden" in notes)
    assert stage.stack.count(stage.video_id) == 0
    stage.ends_with(1)
    assert f"{stage.video_id}-visible" not in notes
    desktop.show_tab(tab)
    wait_until(lambda: f"{stage.video_id}-visible" in notes)


@pytest.mark.only_browser("firefox")  # Playwright lets each page of Chromium believe that it is visible.
@pytest.mark.nightly
def test_a_video_that_plays_in_a_tab_behind_another_counts(stage: Stage) -> None:
    video = stage.open([stage.player()])
    video.play_until(8, rate=8)
    with stage.page.context.expect_page():
        stage.page.evaluate("void window.open('/away.html')")
    stage.page.wait_for_function("document.visibilityState === 'hidden'")
    video.play_until(9.5)
    assert stage.milestones() == []
    video.play_until(11)
    assert video.get("document.visibilityState") == "hidden"
    stage.ends_with(1)
