"""HLS goes on after an outage and past a bad segment; what cannot be played is one `error` event."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from tests.browser.site import MEDIA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.site import Site
    from tests.browser.stage import Stage, Video

Answer = tuple[HTTPStatus, bytes]

DOWN: Answer = (HTTPStatus.SERVICE_UNAVAILABLE, b"")
FORBIDDEN: Answer = (HTTPStatus.FORBIDDEN, b"")
MISSING: Answer = (HTTPStatus.NOT_FOUND, b"")
LOGIN_PAGE: Answer = (HTTPStatus.OK, b"<!doctype html><title>Log in</title>" + b"<p>Log in</p>" * 100)
NO_CODEC = (HTTPStatus.OK, b'#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000,CODECS="mp4v.20.9"\nmpeg4.m3u8\n')
SEGMENTS = 10


class Stream:
    """This test's stream of 10 s, with segments of 1 s."""

    def __init__(self, site: Site, name: str) -> None:
        self.src = site.vod(name)
        self._site = site
        self._folder = self.src.rpartition("/")[0]

    def answer(self, answer: Answer, *segments: int) -> None:
        """From now on answer these segments, or without any the playlist, with `answer`."""
        for path in [self._path(number) for number in segments] or [self.src]:
            self._site.answers[path] = answer

    def heal(self) -> None:
        """From now on answer everything as it should be."""
        for path in [path for path in self._site.answers if path.startswith(self._folder)]:
            del self._site.answers[path]

    def requests(self, segment: int | None = None) -> int:
        """How many requests there were: all, or for one segment."""
        path = self._folder if segment is None else self._path(segment)
        return sum(request.startswith(path) for request in self._site.requests)

    def _path(self, segment: int) -> str:
        return f"{self._folder}/segment-{segment:02}.ts"


@pytest.fixture
def stream(stage: Stage) -> Iterator[Stream]:
    """This test's stream."""
    stream = Stream(stage.site, stage.video_id)
    yield stream
    stream.heal()


def errors(stage: Stage) -> list[str]:
    """The errors of which `onError` was notified."""
    told: list[str] = stage.page.evaluate("window.playbackErrors")
    return told


def wait_for_error(stage: Stage) -> str:
    """Wait for the one call of `onError`. Returns `video.error`'s code and message."""
    stage.page.wait_for_function("window.playbackErrors.length")
    [error] = errors(stage)
    return error


def wait_for_requests(stage: Stage, stream: Stream, number: int, *, segment: int | None = None) -> None:
    """Wait until there were `number` requests, of the stream or of one segment."""
    while stream.requests(segment) < number:
        stage.page.wait_for_timeout(20)


def buffered(seconds: float) -> str:
    """The condition that everything up to `seconds` is loaded."""
    return f"video.buffered.length && video.buffered.end(0) > {seconds}"


def open_stream(stage: Stage, stream: Stream, *, strict: bool = False) -> Video:
    return stage.open([stage.player(stream.src)], strict=strict)


@pytest.mark.parametrize(
    ("bad", "answer"),
    [
        pytest.param(5, LOGIN_PAGE, id="html"),
        pytest.param(0, LOGIN_PAGE, id="html-first", marks=pytest.mark.nightly),
        pytest.param(9, LOGIN_PAGE, id="html-last", marks=pytest.mark.nightly),
        pytest.param(5, MISSING, id="missing", marks=pytest.mark.nightly),
    ],
)
def test_a_bad_segment_costs_a_handful_of_requests_and_the_rest_plays(
    stage: Stage, stream: Stream, bad: int, answer: Answer
) -> None:
    stream.answer(answer, bad)
    open_stream(stage, stream).play_to_the_end(rate=4)
    assert stream.requests(bad) <= 4
    assert stream.requests() <= SEGMENTS + 5
    assert errors(stage) == []
    stage.ends_with(1)


@pytest.mark.nightly
def test_when_all_further_segments_are_bad_the_good_seconds_play_before_the_error(stage: Stage, stream: Stream) -> None:
    stream.answer(LOGIN_PAGE, *range(4, SEGMENTS))
    video = open_stream(stage, stream)
    video.play(rate=2)
    assert wait_for_error(stage).startswith("3 fragParsingError")
    assert video.get("video.currentTime") > 3
    assert stream.requests() <= 4 + 1 + 4 * 3
    stage.ends_with(0)


def _with_unknown_profile(segment: int) -> bytes:
    """A segment whose H.264 profile does not exist: hls.js resets the MediaSource because of it, without a limit."""
    content = bytearray((MEDIA / f"segment-{segment:02}.ts").read_bytes())
    content[content.index(b"\x00\x00\x01\x67") + 4] = 0
    return bytes(content)


@pytest.mark.nightly
@pytest.mark.skip_browser("firefox")  # It fails when it decodes the segment: one error.
def test_a_segment_that_breaks_the_media_source_is_skipped(stage: Stage, stream: Stream) -> None:
    stream.answer((HTTPStatus.OK, _with_unknown_profile(5)), 5)
    open_stream(stage, stream).play_to_the_end(rate=4)
    assert stream.requests() <= 4 * SEGMENTS
    assert errors(stage) == []
    stage.ends_with(1)


def test_when_nothing_can_be_decoded_recovery_ends_with_one_error(stage: Stage, stream: Stream) -> None:
    for number in range(2, SEGMENTS):
        stream.answer((HTTPStatus.OK, _with_unknown_profile(number)), number)
    open_stream(stage, stream).play()
    assert wait_for_error(stage).startswith("3 mediaSourceRequiresReset")
    before = stream.requests()
    assert before <= 4 * SEGMENTS
    stage.page.wait_for_timeout(1_500)
    assert (stream.requests(), len(errors(stage))) == (before, 1)
    stage.ends_with(0)


@pytest.mark.parametrize(
    "answer",
    [MISSING, pytest.param(LOGIN_PAGE, marks=pytest.mark.nightly), NO_CODEC],
    ids=["404", "html", "codec"],
)
def test_a_stream_that_cannot_be_played_is_one_error(stage: Stage, stream: Stream, answer: Answer) -> None:
    stream.answer(answer)
    open_stream(stage, stream)
    assert wait_for_error(stage).startswith("4 manifest")
    assert stage.page.evaluate("document.querySelector('video').error.code") == 4
    assert stream.requests() == 1
    stage.ends_with(0)


def test_a_view_after_a_short_outage_is_counted(stage: Stage, stream: Stream) -> None:
    stream.answer(DOWN)
    video = open_stream(stage, stream)
    wait_for_requests(stage, stream, 2)  # hls.js gives the playlist up now.
    stream.heal()
    stream.answer(DOWN, 4)
    wait_for_requests(stage, stream, 3, segment=4)  # And now the segment.
    stream.heal()
    video.wait_until(buffered(9.9))
    video.play_to_the_end(rate=4)
    assert errors(stage) == []
    stage.ends_with(1)


@pytest.mark.nightly
@pytest.mark.parametrize("wish", ["seek", "play", "online"])
def test_a_viewer_or_the_network_makes_it_try_at_once(stage: Stage, stream: Stream, wish: str) -> None:
    stream.answer(DOWN, 4)
    video = open_stream(stage, stream)
    wait_for_requests(stage, stream, 9, segment=4)  # The third back-off is of 4 to 8 s.
    stage.page.wait_for_timeout(200)
    stream.heal()
    began = time.monotonic()
    if wish == "seek":
        video.seek(2)
    elif wish == "play":
        video.play()
    else:
        stage.page.context.set_offline(True)
        stage.page.context.set_offline(False)
    video.wait_until(buffered(9.9))
    assert time.monotonic() - began < 2.5
    assert stream.requests(4) == 10
    video.play_to_the_end(rate=4)
    stage.ends_with(1)


@pytest.mark.nightly
def test_a_view_after_an_outage_of_45_seconds_is_counted(stage: Stage, stream: Stream) -> None:
    stream.answer(DOWN, 4)
    video = open_stream(stage, stream)
    video.play()
    stage.page.wait_for_timeout(45_000)
    assert stream.requests(4) <= 20
    stream.heal()
    stage.page.set_default_timeout(40_000)
    video.wait_until(buffered(9.9))
    video.play_to_the_end(rate=4)
    assert errors(stage) == []
    stage.ends_with(1)


@pytest.mark.nightly
def test_a_player_that_is_unmounted_while_it_waits_requests_nothing_more(stage: Stage, stream: Stream) -> None:
    stream.answer(DOWN)
    open_stream(stage, stream, strict=True)
    wait_for_requests(stage, stream, 2)  # hls.js gives up now.
    stage.next()
    before = stream.requests()
    stage.page.evaluate("dispatchEvent(new Event('online'))")
    stage.page.wait_for_timeout(2_500)
    assert stream.requests() == before
    stage.ends_with(0)
