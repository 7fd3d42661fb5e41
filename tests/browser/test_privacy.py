"""What the player stores and sends of viewers who ask for privacy, and on sites that store nothing in the browser."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.stage import CLIP_4_S, Stage, Video
from tests.facts import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Request

    from tests.browser.stack import Stack

SIGNALS = {
    "gpc": "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })",
    "dnt": "Object.defineProperty(Navigator.prototype, 'doNotTrack', { get: () => '1' })",
}
STORED = """async () => [
  ...Object.keys({ ...localStorage }), ...Object.keys({ ...sessionStorage }), document.cookie,
  ...(await indexedDB.databases()).map(({ name }) => name), ...(await caches.keys().catch(() => [])),
].filter(Boolean)"""

nightly = pytest.mark.nightly
kinds = pytest.mark.parametrize("kind", ["react", pytest.param("plain", marks=nightly), "tag"])


@pytest.fixture
def valkey_down(stack: Stack) -> Iterator[Callable[[], None]]:
    """Kills the API's Valkey; it is restarted when the test ends."""
    yield stack.kill_valkey
    stack.start_valkey()


def open_page(stage: Stage, kind: str, **options: Any) -> Video:
    """Open a page with one player that has these options: in React, by `trackVideo`, or by the tag alone."""
    if kind != "tag":
        return stage.open([stage.player(CLIP_4_S, **options)], kind=kind)
    attributes = {"respectPrivacySignals": "data-respect-privacy-signals", "storage": "data-storage"}
    said = " ".join(f'{attributes[name]}="{str(value).lower()}"' for name, value in options.items())
    script = f'<script type="module" src="{stage.stack.url}/tracker.js" data-auto {said}></script>'
    video = f'<video data-video-id="{stage.video_id}" data-slot="a" src="{CLIP_4_S}" muted></video>'
    page = f"<!doctype html><title>Tag</title>{video}{script}"
    stage.site.answers["/tag.html"] = (HTTPStatus.OK, page.encode())
    stage.page.goto(f"{stage.site.origin()}/tag.html")
    return stage.video()


def posts(stage: Stage) -> list[Request]:
    """All that the page sends to the stack from now on."""
    sent: list[Request] = []

    def note(request: Request) -> None:
        if request.method != "GET" and request.url.startswith(stage.stack.url):
            sent.append(request)

    stage.page.on("request", note)
    return sent


@pytest.mark.skip_browser("firefox")  # BiDi gives neither bodies nor all headers.
@pytest.mark.parametrize("signal", ["gpc", pytest.param("dnt", marks=nightly)])
@kinds
def test_where_the_browser_asks_for_privacy_a_view_is_only_counted_as_suppressed(
    stage: Stage, kind: str, signal: str
) -> None:
    stage.page.add_init_script(SIGNALS[signal])
    sent, before = posts(stage), stage.stack.suppressed()
    open_page(stage, kind, respectPrivacySignals=True).play_to_the_end(rate=4)
    wait_until(lambda: stage.stack.suppressed() == before + 1, 10)
    assert stage.page.evaluate(STORED) == []
    stage.ends_with(0)
    assert stage.stack.suppressed() == before + 1
    [request] = sent
    assert (request.url, request.post_data) == (f"{stage.stack.url}/analytics/suppressed", None)
    assert re.search("cookie|referer", " ".join(request.all_headers())) is None
    assert stage.video_id not in str(request.all_headers())


@nightly
@kinds
def test_without_the_option_a_signal_changes_nothing(stage: Stage, kind: str) -> None:
    for signal in SIGNALS.values():
        stage.page.add_init_script(signal)
    before = stage.stack.suppressed()
    with stage.page.expect_response(f"{stage.stack.url}/analytics"):
        open_page(stage, kind).play_to_the_end(rate=4)
    assert stage.page.evaluate(STORED) == ["pulse:viewer"]
    stage.ends_with(1)
    assert stage.stack.suppressed() == before


@pytest.mark.parametrize("kind", [*(pytest.param(kind, marks=nightly) for kind in ("react", "plain")), "tag"])
def test_where_nothing_is_stored_a_view_counts_and_leaves_the_browser_empty(stage: Stage, kind: str) -> None:
    video = open_page(stage, kind, storage="none")
    video.play_until(1, rate=4)
    assert stage.page.evaluate(STORED) == []
    with stage.page.expect_response(f"{stage.stack.url}/analytics"):
        video.play_to_the_end(rate=4)
    assert stage.page.evaluate(STORED) == []
    stage.ends_with(1)


@nightly
@kinds
def test_where_nothing_is_stored_a_report_waits_in_memory_while_the_server_is_down(
    stage: Stage, kind: str, valkey_down: Callable[[], None]
) -> None:
    video = open_page(stage, kind, storage="none")
    valkey_down()
    with stage.page.expect_response(f"{stage.stack.url}/analytics") as got:
        video.play_to_the_end(rate=4)
    assert got.value.status == 503
    assert stage.page.evaluate(STORED) == []
    stage.stack.start_valkey()
    stage.stack.wait_until_counted({stage.video_id: 1})
    assert stage.page.evaluate(STORED) == []
    stage.ends_with(1)


@nightly
def test_where_nothing_is_stored_each_visit_is_a_viewer_of_its_own(stage: Stage) -> None:
    for _ in range(2):
        with stage.page.expect_response(f"{stage.stack.url}/analytics"):
            open_page(stage, "react", storage="none").play_to_the_end(rate=4)
    stage.ends_with(2)
    assert len(set(stage.stack.viewers(stage.video_id))) == 2
