/**
 * An element that plays other things than the film: ads, live streams, files without a length.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { wholeShows } from '../lib/content.js';
import type { Milestone } from '../lib/milestone.js';
import type { Outbox } from '../lib/outbox.js';
import { createPlaybackSessions } from '../lib/playback-sessions.js';
import { followVideo, type TrackHandle, type TrackOptions } from '../lib/track-video.js';
import { createViewerId } from '../lib/viewer.js';
import { simulateVideo } from './simulated-video.js';

let reports: Milestone[] = [];
let sessions = createPlaybackSessions();
const handles: TrackHandle[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  reports = [];
  sessions = createPlaybackSessions();
});
afterEach(() => {
  for (const stop of handles.splice(0)) stop();
  vi.useRealTimers();
});

function track(element: HTMLVideoElement, options: Partial<TrackOptions> = {}): TrackHandle {
  const outbox: Outbox = {
    add: (...milestones) => reports.push(...milestones),
    flush: () => Promise.resolve(),
    start: () => () => undefined,
  };
  const world = { sessions, viewerId: createViewerId(() => null), now: Date.now };
  const handle = followVideo(element, options.videoId ?? 'film', () => ({ userId: 'ada', outbox, ...options }), world);
  handles.push(handle);
  return handle;
}
const leave = () => window.dispatchEvent(new Event('pagehide'));
const wait = (seconds: number) => vi.advanceTimersByTime(seconds * 1000);

describe('an ad in the element of the film', () => {
  test.each([8, 15])('before the film does not count, though tracking began with it (%s s played)', (seconds) => {
    const video = simulateVideo(NaN, { src: '' });
    track(video.element);
    video.load(15);
    video.play(seconds);
    wait(1);
    video.load(20);
    wait(60);
    video.play(10.2);
    leave();
    expect(reports).toEqual([]);
    video.play(1);
    leave();
    expect(reports).toHaveLength(1);
  });

  test('that is longer than the film does not count if it was played to its end', () => {
    const video = simulateVideo(NaN, { src: '' });
    track(video.element);
    video.load(30);
    video.play(30);
    video.load(20);
    wait(6);
    video.play(20);
    expect(reports).toEqual([]);
    wait(5);
    expect(reports).toHaveLength(1);
  });

  test.each([{ src: 'film.mp4' }, { src: '' }])('within the film does not count (%o)', ({ src }) => {
    const video = simulateVideo(20, { src });
    track(video.element);
    if (src === '') video.load(20);
    video.play(6);
    video.load(15);
    video.play(9);
    leave();
    expect(reports).toEqual([]);
    video.load(20);
    video.seek(6);
    video.play(4.2);
    leave();
    expect(reports).toEqual([]);
    video.play(1);
    leave();
    expect(reports).toHaveLength(1);
  });

  test('within the film adds nothing to it', () => {
    const video = simulateVideo(20);
    track(video.element, { measure: 'watched' });
    video.play(6);
    video.load(15);
    video.play(15);
    video.load(20.3);
    video.seek(6);
    video.play(4);
    expect(reports).toEqual([]);
    video.play(0.5);
    expect(reports).toHaveLength(1);
  });

  test('does not count if the length of the film is given, and the film counts at once', () => {
    const video = simulateVideo(15);
    track(video.element, { duration: 20 });
    video.play(15);
    leave();
    expect(reports).toEqual([]);
    video.load(20);
    video.play(10.5);
    expect(reports).toHaveLength(1);
  });

  test('does not count while the tracker is paused, and the film counts at once', () => {
    const video = simulateVideo(20);
    const tracker = track(video.element);
    video.play(5);
    tracker.pause();
    video.play(10);
    leave();
    tracker.resume();
    expect(reports).toEqual([]);
    tracker.pause();
    video.load(90);
    video.play(90);
    video.load(20);
    tracker.resume();
    video.play(10.5);
    expect(reports).toHaveLength(1);
  });

  test('after which tracking begins, one line before the film, does not count', () => {
    const video = simulateVideo(100);
    video.play(100);
    track(video.element);
    video.load(20);
    wait(60);
    leave();
    expect(reports).toEqual([]);
    video.play(15);
    leave();
    expect(reports).toHaveLength(1);
  });
});

describe('a short video in an element that was empty', () => {
  test('counts some seconds after its end, with the time of the crossing', () => {
    const video = simulateVideo(NaN, { src: '' });
    track(video.element);
    video.load(20);
    video.play(15);
    const crossedAt = Date.now();
    wait(60);
    expect(reports).toEqual([]);
    video.play(5);
    wait(5);
    expect(reports.map(({ ts }) => ts)).toEqual([crossedAt]);
  });

  test('counts at once in a loop, and if it is longer than an ad', () => {
    for (const [seconds, loop] of [
      [4, true],
      [61, false],
    ] as const) {
      const video = simulateVideo(NaN, { src: '', loop });
      track(video.element, { videoId: seconds });
      video.load(seconds);
      video.play(seconds * 0.6);
    }
    expect(reports.map(({ videoId }) => videoId)).toEqual(['4', '61']);
  });
});

describe('a live stream', () => {
  test('that grows at each reload does not count, also after its end', () => {
    const video = simulateVideo(6, { src: 'blob:hls' });
    track(video.element);
    for (let length = 6; length < 60; length += 6) {
      video.play(5);
      wait(6);
      video.setDuration(length + 6);
    }
    video.play(60);
    leave();
    expect(reports).toEqual([]);
  });

  test('that nobody saw grow yet does not count, but a recording does', () => {
    const video = simulateVideo(30, { src: 'blob:hls' });
    track(video.element);
    video.seek(20);
    video.play(5);
    leave();
    expect(reports).toEqual([]);
    wait(15);
    video.play(0.5);
    expect(reports).toHaveLength(1);
  });

  function live(end: number): ReturnType<typeof simulateVideo> {
    const video = simulateVideo(Infinity);
    track(video.element);
    video.setSeekable(0, end);
    video.seek(end - 8);
    video.play(8);
    return video;
  }

  test('counts after its end if the playlist kept all, and more than half of it was played', () => {
    const video = live(10);
    wholeShows.add(video.element);
    leave();
    expect(reports).toEqual([]);
    video.setDuration(10);
    expect(reports).toHaveLength(1);
  });

  test.each([
    ['of whose hour the last 8 s were played', 3600, true],
    ['that did not keep its beginning', 10, false],
  ])('%s does not count after its end', (_name, end, isWhole) => {
    const video = live(end);
    if (isWhole) wholeShows.add(video.element);
    video.setDuration(end);
    leave();
    expect(reports).toEqual([]);
  });

  test('counts when its recording is loaded and played', () => {
    const video = live(10);
    video.load(3600);
    video.seek(1900);
    video.play(1);
    expect(reports).toHaveLength(1);
  });
});

describe('a file without a length', () => {
  test('counts at its end, and before if its length is given', () => {
    const [file, known] = [simulateVideo(Infinity), simulateVideo(Infinity)];
    track(file.element, { videoId: 'file' });
    track(known.element, { videoId: 'known', duration: 20 });
    file.play(11);
    known.play(10.2);
    expect(reports).toEqual([]);
    known.play(0.5);
    expect(reports.map(({ videoId }) => videoId)).toEqual(['known']);
    file.setDuration(11);
    expect(reports.map(({ videoId }) => videoId)).toEqual(['known', 'file']);
  });

  test('that turns out to be live does not count, whatever length is given', () => {
    const video = simulateVideo(Infinity);
    track(video.element, { duration: 20 });
    video.setSeekable(0, 6);
    video.play(15);
    leave();
    expect(reports).toEqual([]);
  });
});

describe('with all milestones', () => {
  const milestones = ['all'] as const;
  const names = (): string[] => reports.map(({ event }) => event);

  test('an ad before the film counts for none of them, not even as a start', () => {
    const video = simulateVideo(NaN, { src: '' });
    track(video.element, { milestones });
    video.load(15);
    video.play(15);
    wait(1);
    video.load(20);
    wait(60);
    expect(names()).toEqual([]);
    const began = Date.now();
    video.play(6);
    wait(1);
    video.play(5);
    leave();
    expect(reports.map(({ event, ts }) => [event, ts - began])).toEqual([
      ['video_started', 0],
      ['watched_25_percent', 0],
      ['watched_50_percent', 1000],
    ]);
  });

  test.each([{ duration: 20 }, { duration: undefined }])('nor does one within the film (%o)', ({ duration }) => {
    const video = simulateVideo(20);
    track(video.element, { milestones, duration });
    video.play(1);
    video.load(15);
    video.play(15);
    leave();
    expect(names()).toEqual(['video_started']);
    video.load(20);
    video.seek(1);
    video.play(19);
    expect(names()).toHaveLength(5);
  });

  test('nor what is played while the tracker is paused', () => {
    const video = simulateVideo(20);
    const tracker = track(video.element, { milestones });
    tracker.pause();
    video.play(6);
    leave();
    tracker.resume();
    expect(names()).toEqual([]);
    video.play(1);
    expect(names()).toEqual(['video_started', 'watched_25_percent']);
  });

  test('a short video in an element that was empty reports them together after its end, each with its own time', () => {
    const video = simulateVideo(NaN, { src: '' });
    track(video.element, { milestones });
    video.load(20);
    const began = Date.now();
    for (let second = 1; second <= 20; second += 1) {
      wait(1);
      video.play(1);
    }
    expect(names()).toEqual([]);
    wait(5);
    expect(reports.map(({ ts }) => ts - began)).toEqual([1000, 6000, 11_000, 16_000, 20_000]);
  });

  test('what a viewer crossed before leaving such a video is reported then', () => {
    const video = simulateVideo(NaN, { src: '' });
    track(video.element, { milestones });
    video.load(20);
    video.play(6);
    expect(names()).toEqual([]);
    leave();
    expect(names()).toEqual(['video_started', 'watched_25_percent']);
    video.play(14);
    leave();
    expect(names()).toHaveLength(5);
  });

  test('a live stream has none while it is live, and a start at least when the whole show has ended', () => {
    const video = simulateVideo(Infinity);
    track(video.element, { milestones });
    wholeShows.add(video.element);
    video.setSeekable(0, 3600);
    video.seek(3592);
    video.play(8);
    leave();
    expect(names()).toEqual([]);
    video.setDuration(3600);
    expect(names()).toEqual(['video_started']);
  });
});

describe('what cannot be tracked is an error that says why', () => {
  const { element } = simulateVideo(20);

  test.each([0, -1, NaN, Infinity, '20'])('a duration of %o', (duration) => {
    expect(() => track(element, { duration: duration as number })).toThrow(/duration.* above 0, not /);
  });
  test.each([undefined, null, '', {}, true])('the videoId %o', (videoId) => {
    const follow = () => followVideo(element, videoId as string, () => ({}));
    expect(follow).toThrow(/videoId must be a text or a number, not /);
  });
  test.each([null, undefined, 'video', {}])('the element %o', (none) => {
    expect(() => track(none as HTMLVideoElement)).toThrow(/<video>.*, not /);
  });
});

test('numbers are sent as text', () => {
  const video = simulateVideo(20);
  track(video.element, { videoId: 42, userId: 7 });
  video.play(11);
  expect(reports).toMatchObject([{ videoId: '42', userId: '7' }]);
});

test('a second tracker on an element warns, and one after the first was stopped does not', () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const { element } = simulateVideo(20);
  const stop = track(element);
  stop();
  track(element);
  expect(warn).not.toHaveBeenCalled();
  track(element);
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('tracked twice'), element);
});

describe('an element that was removed without stop', () => {
  function attached(): ReturnType<typeof simulateVideo> {
    const video = simulateVideo(20);
    document.body.append(video.element);
    track(video.element);
    return video;
  }

  test('has ended its session, so that the next visit counts', () => {
    for (const visit of [1, 2, 3]) {
      const video = attached();
      video.play(20);
      video.element.remove();
      expect(reports).toHaveLength(visit);
    }
  });

  test('is in the session still if it was moved, or goes on elsewhere', () => {
    const moved = attached();
    moved.play(15);
    document.body.prepend(moved.element);
    moved.element.remove();
    moved.play(1);
    attached().play(15);
    expect(reports).toHaveLength(1);
  });

  test('counts if its last events follow the removal', () => {
    const video = simulateVideo(NaN, { src: '' });
    document.body.append(video.element);
    track(video.element);
    video.load(20);
    video.play(10.3, 100);
    video.element.remove();
    video.pause();
    expect(reports).toHaveLength(1);
  });
});
