"""Records the traces in frontend/player/traces with real browsers: `python -m tests.browser.record_traces [NAME...]`.

Build the harness pages first (any test of tests/browser does). README.md there describes the format.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from playwright.sync_api import sync_playwright

from tests.browser import chromium, firefox
from tests.browser.pages import FRONTEND, PLAYER
from tests.browser.site import Site
from tests.browser.stage import CLIP_4_S, CLIP_20_S, CLIP_600_MS, Video

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

TRACES = PLAYER / "traces"
_HLS_JS = FRONTEND / "node_modules" / "hls.js" / "dist" / "hls.min.js"


class Scenario(NamedTuple):
    """What a viewer does, and what it means."""

    about: str
    act: Callable[[Page, Video], None]
    film_seconds: float = 20
    """How long the film is, which is not always what the element has; 0: it has no half."""
    src: str = CLIP_20_S
    only: str = ""
    """The one browser in which this can be recorded."""


def main() -> None:
    """Record every scenario, or those named, in both browsers."""
    names = sys.argv[1:] or list(SCENARIOS)
    with Site() as site, sync_playwright() as playwright:
        for browser_type, options in (
            (playwright.chromium, chromium.launch_args()),
            (playwright.firefox, firefox.launch_args()),
        ):
            with browser_type.launch(**options) as browser:
                for name in names:
                    if SCENARIOS[name].only in {"", browser_type.name}:
                        _record(browser, site, name, SCENARIOS[name])


def _record(browser: Browser, site: Site, name: str, scenario: Scenario) -> None:
    page = browser.new_page()
    page.goto(f"{site.origin()}/away.html")
    page.add_script_tag(path=TRACES / "recorder.js")
    page.evaluate(
        """([src, filmSeconds]) => {
             const video = document.createElement('video');
             Object.assign(video, { muted: true, playsInline: true, preload: 'metadata' });
             document.body.append(video);
             if (src) video.src = src;
             globalThis.recorder = recordTrace(video, filmSeconds);
           }""",
        [scenario.src, scenario.film_seconds],
    )
    scenario.act(page, Video(page.locator("video")))
    page.goto(f"{site.origin()}/away.html")
    trace = json.loads(page.evaluate("sessionStorage.getItem('trace')"))
    today = datetime.now(UTC).date().isoformat()
    made = f"{browser.browser_type.name} {browser.version}"
    _write(name, browser.browser_type.name, {"about": scenario.about, "browser": made, "recorded": today, **trace})
    page.close()


def _write(name: str, browser: str, trace: dict[str, Any]) -> None:
    """Write it with one event a line, so that a reader can follow it."""
    head = {key: value for key, value in trace.items() if key != "events"}
    lines = [f"{json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    events = ",\n".join(json.dumps(event, separators=(",", ":")) for event in trace["events"])
    (TRACES / browser).mkdir(exist_ok=True)
    (TRACES / browser / f"{name}.json").write_text("\n".join(["{", *lines, '"events": [', events, "]}", ""]))


def _play_to_the_end(rate: float) -> Callable[[Page, Video], None]:
    return lambda _page, video: video.play_to_the_end(rate)


def _stop_before(page: Page, video: Video) -> None:
    video.seek(9)
    video.play_until(9.8)


def _jump(page: Page, video: Video) -> None:
    video.play_until(1)
    video.seek(12)
    video.play_until(13)


def _scrub(page: Page, video: Video) -> None:
    video.play_until(0.7)
    video.seek(5, 9, 13, 17, 20, 11, 3)


def _drag(page: Page, video: Video) -> None:
    """In few steps, because each leaves a range in `played`."""
    video.seek(1)
    video.play()
    for place in (4, 8, 12, 15, 18, 13, 8, 4):
        video.get(f"new Promise(done => setTimeout(done, 60)).then(() => {{ video.currentTime = {place}; }})")
    video.then(5, "video.pause()")


def _loop(rate: float) -> Callable[[Page, Video], None]:
    def act(_page: Page, video: Video) -> None:
        video.get("video.loop = true")
        video.play(rate)
        video.wait_for_loops(3)

    return act


def _leave(page: Page, video: Video) -> None:
    video.play_until(9, rate=8)
    video.play(rate=4)
    with page.expect_navigation(url="**/away.html"):
        video.then(10.3, "location.href = '/away.html'")


def _hide(page: Page, video: Video) -> None:
    video.seek(8.5)
    video.play()
    with page.context.expect_page() as opened:
        page.evaluate("void window.open('/away.html')")
    video.then(11, "video.pause()")
    opened.value.close()
    page.wait_for_function("document.visibilityState === 'visible'")


def _load(page: Page, src: str, *, film: bool) -> None:
    """Put another source into the same element; the page says whether it is the film."""
    page.evaluate(
        """([src, film]) => {
             recorder.film = film;
             document.querySelector('video').src = src;
           }""",
        [src, film],
    )


def _pre_roll(page: Page, video: Video, then_to: float) -> None:
    _load(page, CLIP_4_S, film=False)
    video.play_to_the_end(rate=2)
    _load(page, CLIP_20_S, film=True)
    video.play_until(then_to, rate=8)


def _mid_roll(page: Page, video: Video, *, told: bool = False) -> None:
    video.play_until(6, rate=8)
    if told:
        page.evaluate("recorder.note('adstart')")
    _load(page, CLIP_4_S, film=False)
    video.play_to_the_end(rate=2)
    _load(page, CLIP_20_S, film=True)
    video.seek(6)
    if told:
        page.evaluate("recorder.note('adend')")
    video.play_until(7)


def _rendition(page: Page, video: Video) -> None:
    video.play_until(6, rate=8)
    _load(page, f"{CLIP_20_S}?rendition=2", film=True)
    video.seek(6)
    video.play_until(11, rate=4)


def _live(page: Page, video: Video, *, options: str) -> None:
    page.add_script_tag(path=_HLS_JS)
    page.evaluate(
        f"""src => {{
             const hls = new Hls({options});
             hls.loadSource(src);
             hls.attachMedia(document.querySelector('video'));
           }}""",
        f"/live/{options.strip('{}').partition(':')[0]}-{id(page)}.m3u8?ends=0&late=0",
    )
    video.play()
    video.wait_until("video.currentTime > 5")


SCENARIOS = {
    "play": Scenario("Played from the start to the end.", _play_to_the_end(1), 4, CLIP_4_S),
    "rate-2": Scenario("Played at twice the speed.", _play_to_the_end(2), 4, CLIP_4_S),
    "rate-16": Scenario("Played at 16 times the speed.", _play_to_the_end(16)),
    "stop": Scenario("A jump to 9 s, played to just before the half, paused and left.", _stop_before),
    "jump": Scenario("A jump over the half, played on there for a second.", _jump),
    "scrub": Scenario("Paused, then the playhead is moved all over the film.", _scrub),
    "drag": Scenario("The playhead is dragged to the end and back while the film plays.", _drag),
    "loop": Scenario("A clip of 0.6 s that loops three times.", _loop(1), 0.6, CLIP_600_MS),
    "loop-16": Scenario("The same at 16 times the speed.", _loop(16), 0.6, CLIP_600_MS),
    "leave": Scenario("The page is left just after the half.", _leave),
    # Playwright lets each page of Chromium believe that it is visible.
    "hidden": Scenario("The half is passed in a tab behind another.", _hide, only="firefox"),
    "pre-roll": Scenario(
        "An ad of 4 s before the film, in the same element; then half of the film.",
        lambda page, video: _pre_roll(page, video, 11),
        src="",
    ),
    "pre-roll-only": Scenario(
        "An ad of 4 s before the film, in the same element; then 2 s of the film.",
        lambda page, video: _pre_roll(page, video, 2),
        src="",
    ),
    "mid-roll": Scenario("6 s of the film, an ad of 4 s in the same element, 1 s of the film.", _mid_roll),
    "mid-roll-told": Scenario(
        "The same, and the page says when the ad starts and ends.",
        lambda page, video: _mid_roll(page, video, told=True),
    ),
    "rendition": Scenario("6 s, then another rendition of the film from there on to past the half.", _rendition),
    "live-grows": Scenario(
        "Live by hls.js with its defaults: the duration is finite and grows.",
        lambda page, video: _live(page, video, options="{}"),
        0,
        "",
    ),
    "live-infinite": Scenario(
        "Live by hls.js with `liveDurationInfinity`.",
        lambda page, video: _live(page, video, options="{liveDurationInfinity:true}"),
        0,
        "",
    ),
}

if __name__ == "__main__":
    main()
