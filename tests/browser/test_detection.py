"""Which playback counts, once per session, and which does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pulse_analytics.events import EVENT_TYPES
from tests.browser.stage import CLIP_4_S, CLIP_600_MS, HLS_8_S, RECORDED_20_S

if TYPE_CHECKING:
    from tests.browser.stage import Stage

NO_HLS = """{
  const own = HTMLMediaElement.prototype.canPlayType;
  const without = function (type) { return /mpegurl/i.test(type) ? '' : own.call(this, type); };
  HTMLMediaElement.prototype.canPlayType = without;
}"""

both_kinds = pytest.mark.parametrize("kind", ["react", "plain"])


@both_kinds
def test_normal_play_counts(stage: Stage, kind: str) -> None:
    video = stage.open([stage.player(CLIP_4_S, muted=False)], kind=kind)
    video.press_space()
    video.wait_until("video.ended")
    stage.ends_with(1)


def test_play_to_the_end_passes_every_milestone_once(stage: Stage) -> None:
    video = stage.open([stage.player(CLIP_4_S, milestones=["all"])])
    video.play_to_the_end(rate=2)
    video.play_to_the_end(rate=4)
    stage.ends_with_events(*EVENT_TYPES, requests=5)


def test_milestones_that_are_passed_together_are_one_request_though_the_page_is_left(stage: Stage) -> None:
    video = stage.open([stage.player(milestones=["all"])], kind="plain")
    video.seek(15.5)
    video.play(rate=4)
    with stage.page.expect_navigation(url="**/away.html"):
        video.then(15.8, "location.href = '/away.html'")
    stage.ends_with_events(*list(EVENT_TYPES)[:-1], requests=1)


def test_play_at_16x_counts(stage: Stage) -> None:
    stage.open([stage.player()]).play_to_the_end(rate=16)
    stage.ends_with(1)


def test_play_that_ends_before_the_half_does_not_count(stage: Stage) -> None:
    video = stage.open([stage.player()])
    video.seek(9)
    video.play_until(9.8)
    stage.ends_with(0)


def test_scrubbing_while_paused_does_not_count(stage: Stage) -> None:
    video = stage.open([stage.player()])
    video.play_until(1)
    video.seek(*range(2, 20), 20, *range(19, 1, -1))
    stage.ends_with(0)


def test_scrubbing_before_play_does_not_count(stage: Stage) -> None:
    video = stage.open([stage.player()])
    video.seek(*range(20), 20, 1)
    video.play_until(1.5)
    stage.ends_with(0)


def test_scrubbing_before_play_and_then_playing_past_the_half_counts(stage: Stage) -> None:
    video = stage.open([stage.player()])
    video.seek(15, 5, 9)
    video.play_until(11)
    stage.ends_with(1)


@pytest.mark.parametrize(("to", "count"), [(4, 0), pytest.param(16, 1, marks=pytest.mark.nightly)])
def test_dragging_through_while_playing_counts_only_where_it_plays_on(stage: Stage, to: float, count: int) -> None:
    video = stage.open([stage.player()])
    video.play_until(1)
    video.play()
    video.drag(1, 19)
    video.drag(19, to)
    video.then(to + 1, "video.pause()")
    stage.ends_with(count)


@pytest.mark.parametrize(("to", "count"), [(0.2, 0), pytest.param(0.8, 1, marks=pytest.mark.nightly)])
def test_dragging_the_browsers_own_slider_counts_only_where_it_plays_on(stage: Stage, to: float, count: int) -> None:
    video = stage.open([stage.player()])
    video.play_until(1)
    video.press_space()
    video.drag_slider(0.1, 0.95, to)
    place = video.get("video.currentTime")
    assert abs(place - to * 20) < 2
    video.then(place + 1, "video.pause()")
    stage.ends_with(count)


def test_a_jump_past_the_half_counts_once_it_plays_there(stage: Stage) -> None:
    video = stage.open([stage.player()])
    video.play_until(2, rate=4)
    video.seek(12)
    assert stage.milestones() == []
    video.play_until(13)
    video.seek(2)
    video.play_until(3, rate=4)
    stage.ends_with(1)


def test_watched_mode_needs_more_than_half_of_the_seconds(stage: Stage) -> None:
    video = stage.open([stage.player(measure="watched")])
    video.seek(12)
    video.play_to_the_end(rate=8)
    video.seek(12)
    video.play_to_the_end(rate=16)  # The same seconds a second time.
    video.seek(0)
    video.play_until(1.5, rate=2)
    assert stage.milestones() == []
    video.play_until(3, rate=2)
    stage.ends_with(1)


def test_watched_mode_does_not_count_a_jump(stage: Stage) -> None:
    video = stage.open([stage.player(measure="watched")])
    video.play_until(1)
    video.seek(12)
    video.play_to_the_end(rate=8)
    stage.ends_with(0)


def test_a_loop_counts_once(stage: Stage) -> None:
    video = stage.open([stage.player(CLIP_4_S, loop=True)])
    video.play(rate=8)
    video.wait_for_loops(3)
    stage.ends_with(1)


def test_a_replay_counts_once(stage: Stage) -> None:
    video = stage.open([stage.player(CLIP_4_S)])
    video.play_to_the_end(rate=4)
    video.play_to_the_end(rate=4)
    stage.ends_with(1)


@both_kinds
def test_a_clip_of_600_ms_counts(stage: Stage, kind: str) -> None:
    stage.open([stage.player(CLIP_600_MS)], kind=kind).play_to_the_end()
    stage.ends_with(1)


@both_kinds
def test_a_clip_of_600_ms_looped_at_16x_counts_once(stage: Stage, kind: str) -> None:
    video = stage.open([stage.player(CLIP_600_MS, loop=True)], kind=kind)
    video.play(rate=16)
    stage.wait_for_milestones(stage.video_id)
    video.wait_for_loops(5)
    stage.ends_with(1)


def test_a_pause_at_the_mark_counts_after_playback_resumes(stage: Stage) -> None:
    video = stage.open([stage.player()])
    video.seek(9.5)
    video.play_until(10.1)
    assert stage.milestones() == []
    video.play_until(10.6)
    stage.ends_with(1)


def test_two_players_of_one_video_at_once_report_once(stage: Stage) -> None:
    stage.open([stage.player(slot="a"), stage.player(slot="b")])
    for slot in "ab":
        stage.video(slot).play(rate=16)
    for slot in "ab":
        stage.video(slot).wait_until("video.ended")
    stage.ends_with(1)


def test_two_players_of_two_videos_report_each(stage: Stage) -> None:
    other = f"{stage.video_id}-other"
    stage.open([stage.player(slot="a"), stage.player(slot="b", video_id=other)])
    for slot in "ab":
        stage.video(slot).play(rate=16)
    stage.ends({stage.video_id: 1, other: 1})


@pytest.mark.parametrize("kind", ["react", pytest.param("plain", marks=pytest.mark.nightly)])
def test_another_video_in_the_same_player_counts_for_itself(stage: Stage, kind: str) -> None:
    other = f"{stage.video_id}-other"
    scenes = [stage.player()], [stage.player(CLIP_4_S, video_id=other)]
    stage.open(*scenes, kind=kind).play_until(11, rate=16)
    video = stage.next()
    video.play_until(1.5, rate=4)
    assert stage.milestones() == [stage.video_id]
    video.play_to_the_end(rate=4)
    stage.ends({stage.video_id: 1, other: 1})


def test_another_video_does_not_inherit_the_played_seconds(stage: Stage) -> None:
    other = f"{stage.video_id}-other"
    stage.open([stage.player()], [stage.player(video_id=other)]).play_until(7, rate=8)
    stage.next().play_until(7, rate=8)
    stage.ends({stage.video_id: 0, other: 0})


@both_kinds
def test_a_mount_after_an_unmount_is_a_new_session(stage: Stage, kind: str) -> None:
    player = stage.player(CLIP_4_S)
    stage.open([player], [], [player], kind=kind).play_to_the_end(rate=4)
    stage.next()
    stage.next().play_to_the_end(rate=4)
    stage.ends_with(1, reports=2)  # The same viewer, so the API answers "duplicate".


def test_a_login_and_other_late_props_stay_in_the_session(stage: Stage) -> None:
    first, late = stage.player(CLIP_4_S), stage.player(CLIP_4_S, userId="ada", measure="watched", loop=True)
    stage.open([first], [late]).play_until(3, rate=4)
    video = stage.next()
    video.play(rate=8)
    video.wait_for_loops(2)
    stage.ends_with(1)


def test_a_login_before_the_mark_is_the_reported_user(stage: Stage) -> None:
    stage.open([stage.player()], [stage.player(userId="ada")]).play_until(7, rate=8)
    stage.next().play_until(12, rate=16)
    stage.ends_with(1)
    assert stage.stack.viewers(stage.video_id) == ["ada"]


@both_kinds
def test_an_unmount_just_past_the_mark_counts(stage: Stage, kind: str) -> None:
    video = stage.open([stage.player()], kind=kind)
    video.play_until(9, rate=4)
    video.play(rate=4)
    video.then(10.3, "document.querySelector('button').click()")
    stage.ends_with(1)


@both_kinds
def test_a_navigation_just_past_the_mark_counts(stage: Stage, kind: str) -> None:
    video = stage.open([stage.player()], kind=kind)
    video.play_until(9, rate=4)
    video.play(rate=4)
    with stage.page.expect_navigation(url="**/away.html"):
        video.then(10.3, "location.href = '/away.html'")
    stage.ends_with(1)


def test_strict_mode_counts_once(stage: Stage) -> None:
    player = stage.player(CLIP_4_S)
    stage.open([player], [], [player], strict=True).play_to_the_end(rate=4)
    stage.next()
    stage.next().play_to_the_end(rate=4)
    stage.ends_with(1, reports=2)


@pytest.mark.parametrize(
    "kind",
    # The plain page uses Chromium's own HLS; Firefox has none.
    ["react", pytest.param("plain", marks=pytest.mark.skip_browser("firefox"))],
)
def test_hls_counts(stage: Stage, kind: str) -> None:
    stage.open([stage.player(HLS_8_S)], kind=kind).play_to_the_end(rate=4)
    stage.ends_with(1)


def test_a_live_stream_does_not_count(stage: Stage) -> None:
    video = stage.open([stage.player(stage.site.live(stage.video_id))])
    video.play()
    video.wait_until("video.currentTime > 4")
    assert video.get("video.duration === Infinity")
    stage.ends_with(0)


def test_a_live_stream_that_ends_counts(stage: Stage) -> None:
    video = stage.open([stage.player(stage.site.live(stage.video_id, ends_after_seconds=5))])
    video.play()
    video.wait_until("video.currentTime > 0.3")
    assert video.get("video.duration === Infinity")
    video.wait_until("video.ended")
    assert video.get("video.duration < 6")
    stage.ends_with(1)


def test_a_live_stream_with_a_stale_playlist_is_played(stage: Stage) -> None:
    video = stage.open([stage.player(stage.site.live(stage.video_id, ends_after_seconds=5, late=True))])
    video.play()
    video.wait_until("video.ended || video.error")
    assert video.get("video.error") is None
    stage.ends_with(1)


def test_hls_counts_in_a_browser_without_hls(stage: Stage) -> None:
    stage.page.add_init_script(NO_HLS)
    video = stage.open([stage.player(HLS_8_S)])
    video.play_to_the_end(rate=4)
    assert video.get("video.currentSrc").startswith("blob:")
    stage.ends_with(1)


@pytest.mark.skip_browser("firefox")  # Firefox reads the whole small file first, so it knows the duration at once.
def test_a_recording_whose_duration_is_known_only_at_its_end_counts(stage: Stage) -> None:
    video = stage.open([stage.player(RECORDED_20_S)], kind="plain")
    video.play_until(11, rate=8)
    assert video.get("video.duration === Infinity")
    assert stage.milestones() == []
    video.play_to_the_end(rate=8)
    stage.ends_with(1)
