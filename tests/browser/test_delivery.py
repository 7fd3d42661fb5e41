"""A report arrives and counts once, whatever network, server, storage and tabs do."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tests.browser.conftest import SHOP, STRANGER
from tests.browser.stage import CLIP_4_S, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Route

    from tests.browser.stack import Stack

ENDPOINTS = re.compile(r"/analytics(/batch)?$")
LOADED = "video.buffered.length && video.buffered.end(0) >= 19"
FULL_STORAGE = """() => {
  let text = 'x'.repeat(1 << 20);
  for (let number = 0; text; number++) {
    try { localStorage.setItem(`full-${number}`, text); } catch { text = text.slice(0, text.length >> 1); }
  }
  return Object.values({ ...localStorage }).join('').length;
}"""


@pytest.fixture
def valkey_down(stack: Stack) -> Iterator[Callable[[], None]]:
    """Kills the API's Valkey; it is restarted at the latest when the test ends."""
    yield stack.kill_valkey
    stack.start_valkey()


def answer_first(stage: Stage, number: int, answer: Callable[[Route], object]) -> list[float]:
    """Answer the page's first requests in place of the server. Returns the times of all its requests, as they come."""
    times: list[float] = []

    def handle(route: Route) -> None:
        times.append(time.monotonic())
        if len(times) <= number:
            answer(route)
        else:
            route.continue_()

    stage.page.route(ENDPOINTS, handle)
    return times


def watch(stage: Stage) -> None:
    """Play the current clip past its half."""
    stage.video().play_until(11, rate=16)


def test_a_report_made_offline_is_delivered_once_online(stage: Stage, context: BrowserContext) -> None:
    stage.open([stage.player()]).wait_until(LOADED)
    context.set_offline(True)
    watch(stage)
    stage.wait_for_milestones(stage.video_id)
    stage.assert_stored(1)
    assert stage.stack.count(stage.video_id) == 0
    context.set_offline(False)
    stage.ends_with(1)
    stage.assert_sent_the_same()


def test_a_report_is_delivered_once_the_server_is_up_again(
    stage: Stage, stack: Stack, valkey_down: Callable[[], None]
) -> None:
    stage.open([stage.player()])
    valkey_down()
    with stage.page.expect_response(f"{stack.url}/analytics") as got:
        watch(stage)
    assert got.value.status == 503
    retry_after_seconds = int(got.value.headers["retry-after"])
    assert retry_after_seconds > 0
    stack.start_valkey()
    stage.ends_with(1)
    stage.assert_sent_the_same(not_before_seconds=retry_after_seconds)


def test_a_report_is_delivered_after_its_tab_closed_unsent(
    stage: Stage, context: BrowserContext, stack: Stack, valkey_down: Callable[[], None]
) -> None:
    stage.open([stage.player()])
    valkey_down()
    with stage.page.expect_response(f"{stack.url}/analytics"):
        watch(stage)
    stage.page.close()
    stack.start_valkey()
    stage.page = context.new_page()
    stage.page.goto(stage.url())  # A page without a player, whose app shell sends the report.
    stage.ends_with(1)
    stage.assert_sent_the_same()


@pytest.mark.nightly
def test_three_tabs_send_each_report_once(stage: Stage, context: BrowserContext) -> None:
    videos = [f"{stage.video_id}-{number}" for number in range(3)]
    tabs = [stage.page, context.new_page(), context.new_page()]
    for stage.page, video_id in zip(tabs, videos, strict=True):
        stage.open([stage.player(video_id=video_id)]).wait_until(LOADED)
    context.set_offline(True)
    for stage.page, video_id in zip(tabs, videos, strict=True):
        watch(stage)
        stage.wait_for_milestones(video_id)
    stage.assert_stored(3)
    context.set_offline(False)  # All three tabs get `online` at once, and each finds all three reports.
    stage.ends(dict.fromkeys(videos, 1))


@pytest.mark.nightly
def test_three_tabs_with_one_video_count_once(stage: Stage, context: BrowserContext) -> None:
    for _ in range(3):
        stage.open([stage.player()])
        watch(stage)
        stage.page = context.new_page()
    stage.ends_with(1, reports=3)


@pytest.mark.parametrize("outage", [pytest.param(False, marks=pytest.mark.nightly), True])
def test_a_report_counts_with_a_full_storage(stage: Stage, context: BrowserContext, outage: bool) -> None:
    stage.page.goto(f"{stage.site.origin()}/away.html")
    assert stage.page.evaluate(FULL_STORAGE) > 5_000_000
    stage.open([stage.player()]).wait_until(LOADED)
    context.set_offline(outage)
    watch(stage)
    stage.wait_for_milestones(stage.video_id)
    stage.assert_stored(0)
    context.set_offline(False)
    stage.ends_with(1)


@pytest.mark.skip_browser("firefox")  # Its fixture writes Chromium's preferences.
def test_a_report_counts_with_site_data_blocked(stage_without_storage: Stage) -> None:
    stage = stage_without_storage
    stage.open([stage.player()])
    with pytest.raises(Exception, match="SecurityError"):
        stage.page.evaluate("localStorage")
    watch(stage)
    stage.ends_with(1)


@pytest.mark.skip_browser("firefox")
def test_a_report_counts_with_site_data_blocked_during_an_outage(stage_without_storage: Stage) -> None:
    stage = stage_without_storage
    stage.open([stage.player()]).wait_until(LOADED)
    stage.page.context.set_offline(True)
    watch(stage)
    stage.wait_for_milestones(stage.video_id)
    stage.page.context.set_offline(False)
    stage.ends_with(1)
    stage.assert_sent_the_same()


@pytest.mark.parametrize("kind", ["react", "plain"])
def test_a_report_is_delivered_over_plain_http_to_another_origin(stage: Stage, kind: str) -> None:
    stage.open([stage.player(CLIP_4_S)], kind=kind, host=SHOP)
    assert stage.page.evaluate("[isSecureContext, typeof crypto.randomUUID, typeof navigator.locks]") == [
        False,
        "undefined",
        "undefined",
    ]
    stage.video().play_to_the_end(rate=4)
    stage.ends_with(1)
    assert [UUID(viewer).version for viewer in stage.stack.viewers(stage.video_id)] == [4]


@pytest.mark.nightly
def test_over_plain_http_a_report_is_delivered_once_the_server_is_up_again(
    stage: Stage, context: BrowserContext, stack: Stack, valkey_down: Callable[[], None]
) -> None:
    tabs = [stage.page, context.new_page()]
    tabs[1].goto(stage.url(host=SHOP))
    stage.open([stage.player()], host=SHOP)
    valkey_down()
    with stage.page.expect_response(f"{stack.url}/analytics"):
        watch(stage)
    stack.start_valkey()
    stage.ends_with(1)


@pytest.mark.parametrize(
    ("status", "warning"),
    [
        (302, "got a redirect"),
        pytest.param(301, "got a redirect", marks=pytest.mark.nightly),
        (200, "got 200 text/html"),
    ],
)
def test_a_redirect_or_a_page_does_not_deliver_a_report(stage: Stage, status: int, warning: str) -> None:
    told: list[str] = []
    stage.page.on("console", lambda message: told.append(message.text) if message.type == "warning" else None)
    stage.leave_reports(stage.video_id)
    headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/html", "Location": stage.url()}
    answer_first(stage, 2, lambda route: route.fulfill(status=status, headers=headers, body="<!doctype html>Welcome"))
    stage.page.goto(stage.url())
    stage.wait_until_stored(0)
    stage.ends_with(1)
    assert [warning in text for text in told] == [True]


@pytest.mark.skip_browser("firefox")  # BiDi does not give the body of a request.
def test_a_report_that_always_fails_does_not_hold_up_the_others(stage: Stage) -> None:
    others = [f"{stage.video_id}-{number}" for number in range(4)]
    stage.leave_reports(f"{stage.video_id}-bad", *others)

    def answer(route: Route) -> None:
        if "-bad" in str(route.request.post_data):
            route.fulfill(status=500, headers={"Access-Control-Allow-Origin": "*"})
        else:
            route.continue_()

    stage.page.route(ENDPOINTS, answer)
    stage.page.goto(stage.url())
    stage.wait_until_stored(1)
    stage.ends(dict.fromkeys(others, 1))


def test_reports_that_fail_together_are_sent_again_within_a_second(stage: Stage) -> None:
    videos = [f"{stage.video_id}-{number}" for number in range(5)]
    failed = answer_first(stage, 5, lambda route: route.abort())
    stage.open(
        [stage.player(CLIP_4_S, slot=video_id, video_id=video_id, muted=True, autoPlay=True) for video_id in videos]
    )
    stage.page.wait_for_function("() => window.milestones.length === 5")
    stage.wait_until_stored(0)
    assert failed[5] - failed[4] < 3
    stage.ends(dict.fromkeys(videos, 1))


def test_waiting_reports_go_as_one_batch(stage: Stage) -> None:
    videos = [f"{stage.video_id}-{number}" for number in range(3)]
    stage.leave_reports(*videos)
    sent = answer_first(stage, 0, lambda route: route.continue_())
    stage.page.goto(stage.url(kind="plain", endpoint=""))  # `startOutbox()` finds the endpoint in the storage.
    stage.wait_until_stored(0)
    stage.ends(dict.fromkeys(videos, 1))
    assert len(sent) == 1


@pytest.mark.parametrize("status", [404, *(pytest.param(status, marks=pytest.mark.nightly) for status in (405, 413))])
def test_reports_go_one_by_one_where_there_are_no_batches(stage: Stage, status: int) -> None:
    videos = [f"{stage.video_id}-{number}" for number in range(3)]
    stage.leave_reports(*videos)
    sent = answer_first(
        stage, 1, lambda route: route.fulfill(status=status, headers={"Access-Control-Allow-Origin": "*"})
    )
    stage.page.goto(stage.url())
    stage.wait_until_stored(0)
    stage.ends(dict.fromkeys(videos, 1))
    assert len(sent) == 4


@pytest.mark.nightly  # The unpacked tracker's test loads it from beside the tracker.
def test_a_report_waits_for_the_next_visit_if_what_sends_again_is_blocked(stage: Stage) -> None:
    answer_first(stage, 1, lambda route: route.abort())
    stage.page.route(re.compile("redelivery"), lambda route: route.abort(), times=1)
    stage.open([stage.player(CLIP_4_S)], kind="plain")
    with stage.page.expect_event("requestfailed", lambda request: "redelivery" in request.url):
        stage.video().play_until(3, rate=4)
    stage.assert_stored(1)
    stage.page.goto(stage.url())
    stage.wait_until_stored(0)
    stage.ends_with(1)


def test_a_report_from_an_origin_that_the_server_does_not_allow_does_not_count(stage: Stage) -> None:
    stage.open([stage.player()], host=STRANGER)
    watch(stage)
    stage.wait_for_milestones(stage.video_id)
    stage.ends_with(0)
