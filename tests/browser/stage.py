"""One test's page: what it shows, what its videos do, and the outcome of its reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pulse_analytics.events import DEFAULT_EVENT, EVENT_TYPES
from tests.facts import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Request

    from tests.browser.site import Site
    from tests.browser.stack import Stack

Player = dict[str, object]

CLIP_4_S = "/media/clip-4s.mp4"  # The only clip with sound.
CLIP_20_S = "/media/clip-20s.mp4"
CLIP_600_MS = "/media/clip-0.6s.mp4"
RECORDED_20_S = "/media/recorded-20s.webm"  # A file without a duration.
HLS_8_S = "/vod.m3u8"


_SLIDERS = {"chromium": (16, 16, 18), "firefox": (54, 171, 20)}
"""Where the browser's own controls of a video of 480 px have their slider: px from the left, right and bottom edge."""


class Stage:
    """A page of the site with players, and the stack that they report to."""

    def __init__(self, page: Page, site: Site, stack: Stack, video_id: str) -> None:
        self.page = page
        self.site = site
        self.stack = stack
        self.video_id = video_id
        self.errors: list[str] = []
        """Uncaught errors in the pages."""
        self._attempts: list[Request] = []
        self._before = stack.ledger()
        page.context.on("weberror", lambda error: self.errors.append(str(error.error)))
        page.context.on("request", self._note)

    def player(self, src: str = CLIP_20_S, *, slot: str = "a", video_id: str | None = None, **props: object) -> Player:
        """A player for `open`, by default of this test's video."""
        return {"slot": slot, "videoId": video_id or self.video_id, "src": src, **props}

    def url(
        self,
        *scenes: list[Player],
        kind: str = "react",
        host: str = "127.0.0.1",
        strict: bool = False,
        name: str = "",
        endpoint: str | None = None,
    ) -> str:
        """The address of a harness page. Its Next button leads from scene to scene, and finally to an empty page."""
        endpoint = f"{self.stack.url}/analytics" if endpoint is None else endpoint
        stage = {"endpoint": endpoint, "scenes": scenes, "strict": strict, "name": name}
        return f"{self.site.origin(host)}/{kind}.html?stage={quote(json.dumps(stage))}"

    def open(self, *scenes: list[Player], **options: Any) -> Video:
        """Open a harness page. Returns the player in slot a."""
        self.page.goto(self.url(*scenes, **options))
        return self.video()

    def video(self, slot: str = "a") -> Video:
        """The player in `slot`."""
        return Video(self.page.locator(f"video[data-slot={slot}]"))

    def next(self) -> Video:
        """Go to the next scene. Returns the player in slot a, which may be absent."""
        self.page.get_by_role("button", name="Next").click()
        return self.video()

    def leave(self) -> None:
        """Navigate every page of the browser away."""
        for page in self.page.context.pages:
            page.goto("about:blank")

    def wait_for_milestones(self, *video_ids: str) -> None:
        """Wait until the page has been notified of exactly these milestones."""
        self.page.wait_for_function("ids => String(window.milestones) === String(ids)", arg=list(video_ids))

    def milestones(self) -> list[str]:
        """The milestones of which the page has been notified so far."""
        told: list[str] = self.page.evaluate("window.milestones")
        return told

    def leave_reports(self, *video_ids: str) -> None:
        """Store reports as an earlier visit left them, the first one oldest."""
        self.page.goto(f"{self.site.origin()}/away.html")
        self.page.evaluate(
            """([endpoint, videoIds]) => videoIds.forEach((videoId, number) => {
                 const ts = Date.now() - 60_000 + number;
                 const report = { videoId, event: 'watched_50_percent', userId: 'ada', ts };
                 const key = `pulse:report:${encodeURIComponent(endpoint)}:00${ts}:x`;
                 localStorage.setItem(key, JSON.stringify(report));
               })""",
            [f"{self.stack.url}/analytics", list(video_ids)],
        )

    def assert_stored(self, number: int) -> None:
        """Assert that `number` reports wait in the browser."""
        keys = self.page.evaluate("Object.keys({ ...localStorage })")
        assert len([key for key in keys if key.startswith("pulse:report:")]) == number

    def wait_until_stored(self, number: int) -> None:
        """Wait until `number` reports wait in the browser. Meanwhile routes of the page are served."""
        self.page.wait_for_function(
            "number => Object.keys(localStorage).filter(key => key.startsWith('pulse:report:')).length === number",
            arg=number,
        )

    def assert_sent_the_same(self, *, not_before_seconds: float = 0) -> None:
        """Assert that the browser sent one report repeatedly, with the same bytes, the second time not too early."""
        assert len(self._attempts) > 1
        assert len({attempt.post_data for attempt in self._attempts}) == 1
        first, second = (attempt.timing["startTime"] for attempt in self._attempts[:2])
        assert second - first >= not_before_seconds * 1000

    def ends_with(self, count: int, *, reports: int | None = None) -> None:
        """Assert that this test's video has `count` in the database for good; `count` or `reports` reports arrived."""
        self.ends({self.video_id: count}, reports=reports)

    def ends(self, counts: dict[str, int], *, reports: int | None = None) -> None:
        """Assert that the database has these counts, also after every report is sent again and the pages are left."""
        self.stack.wait_until_counted(counts)
        again = self.stack.send_again(list(counts))
        self.leave()
        self.stack.assert_stays(counts)
        assert sum(self.stack.ledger() - self._before) - again == (sum(counts.values()) if reports is None else reports)

    def ends_with_events(self, *names: str, requests: int) -> None:
        """Assert that this test's video has one of each of these events for good, which arrived in `requests`."""
        expected = {name: int(name in names) for name in EVENT_TYPES}
        wait_until(lambda: self.stack.counts(self.video_id) == expected, 45)
        self.ends_with(expected[DEFAULT_EVENT], reports=len(names))
        assert self.stack.counts(self.video_id) == expected
        assert self.stack.arrivals(self.video_id) == requests

    def _note(self, request: Request) -> None:
        if request.method == "POST" and request.url == f"{self.stack.url}/analytics":
            self._attempts.append(request)


class Video:
    """A `<video>`, and what its viewer does with it."""

    def __init__(self, locator: Locator) -> None:
        self._locator = locator

    def play(self, rate: float = 1) -> None:
        """Play from the current position, once it has a source: hls.js sets it late, which ends an earlier play()."""
        self.wait_until("video.currentSrc")
        self._run("video.playbackRate = arg; return video.play()", rate)

    def play_until(self, seconds: float, rate: float = 1) -> None:
        """Play until the playhead is at `seconds`, or at the end; then pause.

        It slows down on the last part of the way, because on a busy machine the video plays on before the page checks.
        """
        self.wait_until("video.currentSrc")
        self._run(
            """video.playbackRate = arg.rate;
               return video.play().then(() => new Promise(done => {
                 const look = () => {
                   const left = arg.place - video.currentTime;
                   if (left <= 0 || video.ended) {
                     video.pause();
                     return done();
                   }
                   while (video.playbackRate > arg.slowest && left < video.playbackRate * arg.secondsAhead)
                     video.playbackRate /= 2;
                   setTimeout(look, 4);
                 };
                 look();
               }))""",
            {"place": seconds, "rate": rate, "slowest": 0.25, "secondsAhead": 0.5},
        )

    def then(self, seconds: float, action: str) -> None:
        """Run `action` in the page as soon as the playhead is at `seconds`, or at the end."""
        self._once("video.currentTime >= arg || video.ended", action, seconds)

    def seek(self, *seconds: float) -> None:
        """Move the playhead to each of these positions."""
        for place in seconds:
            self._run(
                "return new Promise(done => { video.addEventListener('seeked', done, { once: true });"
                " video.currentTime = arg; }).then(() => {})",
                place,
            )

    def drag(self, start: float, end: float) -> None:
        """Move the playhead in 40 steps, like a slider that lets the video play while it is dragged."""
        self._run(
            """return new Promise(done => {
                 let step = 0;
                 const move = () => {
                   video.currentTime = arg.start + (arg.end - arg.start) * step / 40;
                   if (++step > 40) return done();
                   setTimeout(move, 15);
                 };
                 move();
               })""",
            {"start": start, "end": end},
        )

    def drag_slider(self, *shares: float) -> None:
        """Drag the slider of the browser's own controls with the mouse to each of these positions."""
        box = self._locator.bounding_box()
        assert box is not None
        left, right, bottom = _SLIDERS[_browser_name(self._locator.page)]
        mouse, width = self._locator.page.mouse, box["width"] - left - right
        for number, share in enumerate(shares):
            x, y = box["x"] + left + width * share, box["y"] + box["height"] - bottom
            mouse.move(x, y, steps=20)
            if number == 0:
                mouse.down()
        mouse.up()

    def wait_for_loops(self, number: int) -> None:
        """Wait until the video has looped `number` times."""
        self._run(
            "let loops = 0; return new Promise(done =>"
            " video.addEventListener('seeked', () => { if (++loops === arg) done(); }))",
            number,
        )

    def play_to_the_end(self, rate: float = 1) -> None:
        """Play from the current position to the end."""
        self.play(rate)
        self.wait_until("video.ended")

    def press_space(self) -> None:
        """Start or pause it with the keyboard, which is a real user gesture."""
        self._locator.focus()
        self._locator.press("Space")

    def wait_until(self, condition: str) -> None:
        """Wait until a JavaScript condition on `video` holds."""
        self._once(condition, "")

    def get(self, expression: str) -> Any:
        """The value of a JavaScript expression on `video`."""
        return self._run(f"return {expression}")

    def _once(self, condition: str, action: str, arg: object = None) -> None:
        look = f"() => {{ if (!({condition})) return setTimeout(look, 4); {action}; done(); }}"
        self._run(f"return new Promise(done => {{ const look = {look}; look(); }})", arg)

    def _run(self, body: str, arg: object = None) -> Any:
        return self._locator.evaluate(f"(video, arg) => {{ {body} }}", arg)


def _browser_name(page: Page) -> str:
    browser = page.context.browser
    assert browser is not None
    return browser.browser_type.name
