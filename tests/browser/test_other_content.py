"""What else an element may play: ads, live streams, files without a length; and elements that leave the page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.browser.stage import CLIP_4_S, CLIP_600_MS, RECORDED_20_S

if TYPE_CHECKING:
    from tests.browser.stage import Stage, Video

AD, FILM = CLIP_600_MS, CLIP_4_S


def _open(stage: Stage, script: str) -> Video:
    """Open a page with one empty element, and run `script` on `video`, which it may track as `id`."""
    stage.open([], kind="plain")
    return _again(stage, script)


def _again(stage: Stage, script: str) -> Video:
    stage.page.evaluate(
        """([script, id]) => {
             const video = Object.assign(document.createElement('video'), { muted: true, width: 320 });
             video.dataset.slot = 'a';
             document.body.append(video);
             return new Function('video', 'id', script)(video, id);
           }""",
        [script, stage.video_id],
    )
    return stage.video()


def _load(video: Video, src: str) -> None:
    video.get(f"video.src = '{src}'")
    video.wait_until("video.readyState > 0")


@pytest.mark.parametrize("played_to_its_end", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_an_ad_before_the_film_does_not_count_and_the_film_does(stage: Stage, played_to_its_end: bool) -> None:
    # fluid-player/fluid-player#538: events of the ad were taken for those of the film.
    video = _open(stage, f"track(video, {{ videoId: id }}); video.src = '{AD}'")
    if played_to_its_end:
        video.play_to_the_end(rate=4)
    else:
        video.play_until(0.45)
    _load(video, FILM)
    stage.page.wait_for_timeout(300)
    video.play_until(1.9, rate=4)
    assert stage.milestones() == []
    video.play_to_the_end(rate=4)
    if not played_to_its_end:  # Otherwise it is sent a while after the end, if no other content follows.
        stage.leave()
    stage.ends_with(1)


@pytest.mark.nightly
def test_an_ad_within_the_film_does_not_count_and_the_film_goes_on(stage: Stage) -> None:
    video = _open(stage, f"video.src = '{FILM}'; track(video, {{ videoId: id, measure: 'watched' }})")
    video.seek(1)
    video.play_until(2.2, rate=2)
    _load(video, AD)
    video.play_to_the_end()
    _load(video, FILM)
    video.seek(2.2)
    video.play_until(2.8)  # With the seconds of the ad, these would be more than half of the film's.
    assert stage.milestones() == []
    video.play_until(3.3)
    stage.ends_with(1)


def test_an_ad_within_the_film_does_not_count_if_the_viewer_leaves(stage: Stage) -> None:
    video = _open(stage, f"video.src = '{FILM}'; track(video, {{ videoId: id }})")
    video.play_until(1)
    _load(video, AD)
    video.play_to_the_end()
    stage.ends_with(0)


def test_what_was_played_before_tracking_began_does_not_count_if_the_film_is_loaded_then(stage: Stage) -> None:
    video = _open(stage, f"video.src = '{AD}'")
    video.play_to_the_end(rate=4)
    video.get(f"track(video, {{ videoId: '{stage.video_id}' }}), video.src = '{FILM}'")
    stage.page.wait_for_timeout(300)
    stage.ends_with(0)


def test_what_is_played_while_the_tracker_is_paused_does_not_count(stage: Stage) -> None:
    video = _open(stage, f"video.src = '{AD}'; (video.tracker = track(video, {{ videoId: id }})).pause()")
    video.play_to_the_end(rate=4)
    _load(video, FILM)
    video.get("video.tracker.resume()")
    video.play_until(1.9, rate=2)
    assert stage.milestones() == []
    video.play_until(2.4)  # At once, because pause() was called.
    stage.wait_for_milestones(stage.video_id)
    stage.ends_with(1)


def test_a_live_stream_in_the_sites_own_hls_js_does_not_count(stage: Stage) -> None:
    # video-dev/hls.js#67: by default, its duration is finite and grows.
    _open(stage, "track(video, { videoId: id })")
    stage.page.evaluate(
        """async ([src, id]) => {
             const Hls = await loadHls();
             const hls = new Hls();
             hls.loadSource(src);
             hls.attachMedia(document.querySelector('video'));
           }""",
        [stage.site.live(stage.video_id), stage.video_id],
    )
    video = stage.video()
    video.play()
    video.wait_until("video.currentTime > 4.5")
    assert 6 < video.get("video.duration") < 20
    stage.ends_with(0)


@pytest.mark.nightly
def test_the_last_seconds_of_a_live_stream_that_keeps_only_these_do_not_count(stage: Stage) -> None:
    # video-dev/hls.js#5777: the duration of a show that has ended is that of its last window.
    video = stage.open([stage.player(stage.site.live(stage.video_id, ends_after_seconds=8, keeps=4))])
    video.play()
    video.wait_until("video.currentTime > 1 && video.duration < 20")
    video.wait_until("video.ended")
    stage.ends_with(0)


@pytest.mark.skip_browser("firefox")  # It reads a small file to its end, and so knows its length.
def test_a_file_without_a_length_counts_at_its_half_if_its_length_is_given(stage: Stage) -> None:
    video = stage.open([stage.player(RECORDED_20_S, duration=20)])
    video.play_until(9.5, rate=16)
    assert stage.milestones() == []
    video.play_until(10.5, rate=2)
    assert video.get("video.duration === Infinity")
    stage.ends_with(1)


def test_ids_that_are_numbers_count(stage: Stage) -> None:
    # amplitude/Amplitude-Node#63, segmentio/analytics-next#834: numeric ids of a database vanished.
    number = time.time_ns() // 1_000_000
    video = _open(stage, f"video.src = '{FILM}'; track(video, {{ videoId: {number}, userId: 7 }})")
    video.play_to_the_end(rate=4)
    stage.ends({str(number): 1})
    assert stage.stack.viewers(str(number)) == ["7"]


@pytest.mark.skip_browser("firefox")  # It collects garbage by the DevTools protocol.
def test_an_element_that_was_removed_without_stop_is_let_go_and_its_session_ends(stage: Stage) -> None:
    # turbolinks/turbolinks#291, seanbehan/videojs_rails#27: the page's body is replaced, and old players stay.
    script = f"video.src = '{FILM}'; track(video, {{ videoId: id }}); (window.old ??= []).push(new WeakRef(video))"
    video = _open(stage, script)
    for visit in range(3):
        if visit > 0:
            video = _again(stage, script)
        video.seek(1.8)
        video.play()
        # Just past the mark, before any timeupdate: the browser pauses an element that is removed.
        video.then(2.1, "document.body.replaceChildren()")
        stage.wait_for_milestones(*[stage.video_id] * (visit + 1))
    stage.page.wait_for_timeout(500)
    stage.page.context.new_cdp_session(stage.page).send("HeapProfiler.collectGarbage")
    assert stage.page.evaluate("old.filter(ref => ref.deref()).length") == 0
    stage.ends_with(1, reports=3)


@pytest.mark.nightly
def test_an_element_that_is_moved_goes_on(stage: Stage) -> None:
    video = _open(stage, f"video.src = '{FILM}'; track(video, {{ videoId: id, measure: 'watched' }})")
    video.play(rate=2)
    video.then(0.6, "document.body.prepend(video)")
    video.wait_until("video.currentTime > 1 && !video.paused")
    video.get("(window.kept = video).remove()")
    stage.page.evaluate("kept.play()")
    stage.page.wait_for_function("kept.currentTime > 1.5")
    stage.page.evaluate("document.body.append(kept)")
    video.play_until(2.4)
    stage.ends_with(1)


def test_an_element_that_does_not_exist_is_an_error_that_says_so(stage: Stage) -> None:
    stage.open([], kind="plain")
    message = stage.page.evaluate(
        "() => { try { track(null, { videoId: 'x' }) } catch (error) { return String(error) } }"
    )
    assert message.startswith("TypeError: ")
    assert "<video>" in message
