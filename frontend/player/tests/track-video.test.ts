import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { reachBeyond, type Measure } from '../lib/detector.js';
import { SHARES, type Milestone, type MilestoneName } from '../lib/milestone.js';
import type { Outbox } from '../lib/outbox.js';
import { createPlaybackSessions } from '../lib/playback-sessions.js';
import { followVideo, type TrackHandle, type TrackOptions, type TrackWorld } from '../lib/track-video.js';
import { createViewerId } from '../lib/viewer.js';
import { settled } from './fakes.js';
import { simulateVideo, type SimulatedVideo } from './simulated-video.js';

const clock = { ms: 42 };
const ALL = Object.keys(SHARES) as MilestoneName[];

/** A page whose outbox only records reports, and the names of those that came together. */
function page(): {
  reports: Milestone[];
  together: string[][];
  world: TrackWorld;
  track: (element: HTMLVideoElement, options?: Partial<TrackOptions>) => TrackHandle;
} {
  const reports: Milestone[] = [];
  const together: string[][] = [];
  const outbox: Outbox = {
    add(...milestones) {
      reports.push(...milestones);
      together.push(milestones.map(({ event }) => event));
    },
    flush: () => Promise.resolve(),
    start: () => () => undefined,
  };
  const world = { sessions: createPlaybackSessions(), viewerId: createViewerId(() => null), now: () => clock.ms };
  return {
    reports,
    together,
    world,
    track: (element, options = {}) =>
      followVideo(element, options.videoId ?? 'intro', () => ({ userId: 'ada', outbox, ...options }), world),
  };
}

afterEach(() => {
  vi.useRealTimers();
  clock.ms = 42;
});

describe('one report is sent after', () => {
  test('normal playback, with the time when the half was passed', () => {
    const { reports, track } = page();
    const video = simulateVideo(20);
    track(video.element);
    video.play(10.2);
    expect(reports).toEqual([]);
    video.play(9);
    expect(reports).toEqual([{ videoId: 'intro', event: 'watched_50_percent', userId: 'ada', ts: 42 }]);
  });

  test.each([
    ['play at 16x', (video: SimulatedVideo) => video.play(20, 4)],
    [
      'a jump over the middle, played on there',
      (video: SimulatedVideo) => {
        video.play(2);
        video.seek(12);
        video.play(1);
      },
    ],
    [
      'a pause across the mark',
      (video: SimulatedVideo) => {
        video.play(10.1);
        video.pause();
        video.play(1);
      },
    ],
    [
      'replay',
      (video: SimulatedVideo) => {
        video.play(20);
        video.seek(0);
        video.play(20);
      },
    ],
    [
      'a rendition switch after the crossing',
      (video: SimulatedVideo) => {
        video.play(15);
        video.load();
        video.seek(14);
        video.play(6);
      },
    ],
  ])('%s', (_name, act) => {
    const { reports, track } = page();
    const video = simulateVideo(20);
    track(video.element);
    act(video);
    expect(reports).toHaveLength(1);
  });

  test.each([1, 16])('a clip of 0.6 s at %ix that loops, without a timeupdate near its middle', (rate) => {
    const { reports, track } = page();
    const video = simulateVideo(0.6, { loop: true });
    track(video.element);
    video.play(6, 0.25 * rate);
    expect(reports).toHaveLength(1);
  });

  test('a clip of 0.6 s that ends', () => {
    const { reports, track } = page();
    const video = simulateVideo(0.6);
    track(video.element);
    video.play(0.6, 4);
    expect(reports).toHaveLength(1);
  });

  test('playback before the element was tracked, if the same source is still there after a while', () => {
    vi.useFakeTimers();
    const { reports, track } = page();
    const video = simulateVideo(20);
    video.play(15);
    video.pause();
    track(video.element);
    expect(reports).toHaveLength(0);
    vi.advanceTimersByTime(5000);
    expect(reports).toHaveLength(1);
  });

  test.each<[string, (element: HTMLVideoElement, stop: () => void) => void]>([
    ['stopping', (_element, stop) => stop()],
    ['leaving the page', () => window.dispatchEvent(new Event('pagehide'))],
    ['hiding the page', () => document.dispatchEvent(new Event('visibilitychange'))],
  ])('%s just past the mark, before any timeupdate', (_name, leave) => {
    const { reports, track } = page();
    const video = simulateVideo(20);
    const stop = track(video.element);
    video.play(10.3, 100);
    expect(reports).toHaveLength(0);
    leave(video.element, stop);
    expect(reports).toHaveLength(1);
    stop();
    expect(reports).toHaveLength(1);
  });
});

describe('no report is sent after', () => {
  test('scrubbing, before and after playback', () => {
    const { reports, track } = page();
    const video = simulateVideo(20);
    const stop = track(video.element);
    for (let at = 0; at < 20; at += 0.5) video.seek(at);
    video.seek(3);
    video.play(2);
    video.pause();
    for (let at = 5; at < 20; at += 0.5) video.seek(at);
    stop();
    expect(reports).toHaveLength(0);
  });

  test('dragging the playhead through during playback', () => {
    const { reports, track } = page();
    const video = simulateVideo(20);
    const stop = track(video.element);
    for (let at = 0; at < 20; at += 0.7) {
      video.seek(at);
      video.play(0.1);
    }
    stop();
    expect(reports).toHaveLength(0);
  });

  test('playback after the tracker was stopped', () => {
    const { reports, track } = page();
    const video = simulateVideo(20);
    track(video.element)();
    video.play(20);
    expect(reports).toHaveLength(0);
  });

  test('playback of the previous video in the same element', async () => {
    const { reports, track } = page();
    const video = simulateVideo(20);
    const stop = track(video.element, { videoId: 'first' });
    video.play(15);
    stop();
    await settled();
    track(video.element, { videoId: 'second' });
    video.pause();
    expect(reports.map(({ videoId }) => videoId)).toEqual(['first']);
    video.load();
    video.play(15);
    window.dispatchEvent(new Event('pagehide'));
    expect(reports.map(({ videoId }) => videoId)).toEqual(['first', 'second']);
  });
});

describe('a playback session', () => {
  test('is shared by players of one video', () => {
    const { reports, track } = page();
    const [preview, watch] = [simulateVideo(20), simulateVideo(20)];
    track(preview.element);
    track(watch.element);
    preview.play(15);
    watch.play(20);
    expect(reports).toHaveLength(1);
  });

  test('is not shared by players of two videos', () => {
    const { reports, track } = page();
    const [one, two] = [simulateVideo(20), simulateVideo(20)];
    track(one.element, { videoId: 'one' });
    track(two.element, { videoId: 'two' });
    one.play(15);
    two.play(15);
    expect(reports.map(({ videoId }) => videoId)).toEqual(['one', 'two']);
  });

  test('starts again for a player that leaves and comes back', async () => {
    const { reports, track } = page();
    for (const visit of [1, 2]) {
      const video = simulateVideo(20);
      const stop = track(video.element);
      video.play(20);
      stop();
      stop();
      await settled();
      expect(reports).toHaveLength(visit);
    }
  });

  test('goes on for a player that comes back synchronously', () => {
    const { reports, track } = page();
    const video = simulateVideo(20);
    const stop = track(video.element);
    video.play(15);
    stop();
    track(video.element);
    video.play(5);
    expect(reports).toHaveLength(1);
  });

  test('that reported with one player left stays reported', async () => {
    const { reports, track } = page();
    const [one, two] = [simulateVideo(20), simulateVideo(20)];
    const stop = track(one.element);
    track(two.element);
    one.play(15);
    stop();
    await settled();
    two.play(20);
    expect(reports).toHaveLength(1);
  });

  test('ends even if onMilestone throws while the tracker stops', async () => {
    const { reports, track } = page();
    const video = simulateVideo(20);
    const stop = track(video.element, {
      onMilestone: () => {
        throw new Error('theirs');
      },
    });
    video.play(11, 100);
    expect(stop).toThrow('theirs');
    await settled();
    const again = simulateVideo(20);
    track(again.element);
    again.play(20);
    expect(reports).toHaveLength(2);
  });
});

describe('the milestones that are asked for', () => {
  const [START, QUARTER, HALF, THREE_QUARTERS, END] = ALL;

  test.each<[string, TrackOptions['milestones'], (string | undefined)[]]>([
    ['nothing', undefined, [HALF]],
    ['null', null, [HALF]],
    ['one', ['watched_75_percent'], [THREE_QUARTERS]],
    ['two in any order', ['watched_95_percent', 'video_started'], [START, END]],
    ['all', ['all'], [...ALL]],
    ['one twice', ['video_started', 'video_started'], [START]],
    ['none', [], []],
  ])('%s', (_name, milestones, expected) => {
    const { reports, track } = page();
    const video = simulateVideo(20);
    const onMilestone = vi.fn<(milestone: Milestone) => void>();
    track(video.element, { milestones, onMilestone });
    video.play(20);
    video.seek(0);
    video.play(20);
    expect(reports.map(({ event }) => event)).toEqual(expected);
    expect(onMilestone.mock.calls.map(([{ event }]) => event)).toEqual(expected);
  });

  test('are each reported at their crossing, as playback goes on', () => {
    const { reports, together, track } = page();
    const video = simulateVideo(20);
    track(video.element, { milestones: ['all'] });
    for (let second = 1; second <= 20; second += 1) {
      clock.ms += 1000;
      video.play(1);
    }
    expect(together).toEqual(ALL.map((name) => [name]));
    const [first = 0, ...later] = reports.map(({ ts }) => ts);
    expect(later.map((ts) => ts - first)).toEqual([5000, 10_000, 15_000, 19_000]);
  });

  test('are sent together, with one time, if a jump crosses them together', () => {
    const { reports, together, track } = page();
    const video = simulateVideo(20);
    track(video.element, { milestones: ['all'] });
    video.play(1);
    video.seek(16);
    video.play(1);
    expect(together).toEqual([[START], [QUARTER, HALF, THREE_QUARTERS]]);
    expect(new Set(reports.slice(1).map(({ ts }) => ts)).size).toBe(1);
  });

  test('are sent before the page is gone', () => {
    const { together, track } = page();
    const video = simulateVideo(20);
    track(video.element, { milestones: ['all'] });
    video.play(16, 100);
    expect(together).toEqual([]);
    window.dispatchEvent(new Event('pagehide'));
    expect(together).toEqual([[START, QUARTER, HALF, THREE_QUARTERS]]);
  });

  test('are all there after the end of a clip of 0.6 s, also in a loop at 16x', () => {
    for (const [loop, videoId] of [
      [false, 'once'],
      [true, 'loop'],
    ] as const) {
      const { reports, track } = page();
      const video = simulateVideo(0.6, { loop });
      track(video.element, { milestones: ['all'], videoId });
      video.play(6, 4);
      expect(reports.map(({ event }) => event)).toEqual(ALL);
    }
  });

  test('are once in a session, though two players ask for different ones', () => {
    const { reports, track } = page();
    const [preview, watch] = [simulateVideo(20), simulateVideo(20)];
    track(preview.element, { milestones: ['video_started', 'watched_50_percent'] });
    track(watch.element, { milestones: ['all'] });
    preview.play(11);
    watch.play(20);
    expect(reports.map(({ event }) => event)).toEqual([START, HALF, QUARTER, THREE_QUARTERS, END]);
  });

  test.each<[unknown[], string]>([
    [['half'], '"half"'],
    [['video_started', 50], '"50"'],
    [[''], '""'],
    ['all' as unknown as unknown[], '"a"'],
  ])('%j are an error that says why', (milestones, wrong) => {
    const { track } = page();
    const video = simulateVideo(20);
    const follow = (): unknown => track(video.element, { milestones: milestones as [] });
    expect(follow).toThrow(`milestones must be of all,${ALL.join()}, not ${wrong}`);
  });

  test('cost nothing to look for until the next one can be passed', () => {
    const { track } = page();
    const video = simulateVideo(100);
    track(video.element, { milestones: ['all'] });
    video.play(1);
    const { played } = video.element;
    const read = vi.fn(() => played);
    Object.defineProperty(video.element, 'played', { get: read });
    video.play(23);
    expect(read).not.toHaveBeenCalled();
    video.play(3);
    expect(read).toHaveBeenCalled();
  });
});

test('options are read when the half is passed, not before', () => {
  const { reports, world } = page();
  const outbox = { add: vi.fn<Outbox['add']>(), flush: () => Promise.resolve(), start: () => () => undefined };
  const onMilestone = vi.fn<(milestone: Milestone) => void>();
  const options: TrackOptions = { videoId: 'intro', outbox, measure: 'watched' };
  const video = simulateVideo(20);
  followVideo(video.element, 'intro', () => options, world);
  video.seek(9);
  video.play(5);
  options.userId = 'late';
  options.onMilestone = onMilestone;
  options.measure = 'reached';
  video.play(1);
  expect(reports).toEqual([]);
  expect(onMilestone).toHaveBeenCalledExactlyOnceWith({
    videoId: 'intro',
    event: 'watched_50_percent',
    userId: 'late',
    ts: 42,
  });
  expect(outbox.add).toHaveBeenCalledOnce();
});

type Act = { do: 'play'; seconds: number } | { do: 'seek'; to: number } | { do: 'pause' } | { do: 'load' };

const acts = fc.array(
  fc.oneof<fc.Arbitrary<Act>[]>(
    fc.record({ do: fc.constant('play'), seconds: fc.integer({ min: 1, max: 600 }).map((n) => n / 20) }),
    fc.record({ do: fc.constant('seek'), to: fc.integer({ min: 0, max: 400 }).map((n) => n / 20) }),
    fc.record({ do: fc.constant('pause') }),
    fc.record({ do: fc.constant('load') }),
  ),
  { maxLength: 25 },
);

/** An independent model that marks the played twentieths of a second of a 20 s video, without ranges. */
class Oracle {
  readonly #cells = new Set<number>();
  #at = 0;
  readonly #loop: boolean;
  constructor(loop: boolean) {
    this.#loop = loop;
  }
  act(act: Act): void {
    if (act.do === 'seek') this.#at = Math.round(act.to * 20);
    if (act.do === 'load') this.#at = 0;
    if (act.do !== 'play') return;
    for (let left = Math.round(act.seconds * 20); left > 0; left -= 1) {
      if (this.#at >= 400 && !this.#loop) return;
      if (this.#at >= 400) this.#at = 0;
      this.#cells.add(this.#at);
      this.#at += 1;
    }
  }
  counts(measure: Measure, share: number): boolean {
    if (measure === 'watched' && share > 0) return this.#cells.size > 400 * share;
    const need = reachBeyond(20) * 20;
    return [...this.#cells].some(
      (from) => from >= 400 * share && [...Array(need).keys()].every((n) => this.#cells.has(from + n)),
    );
  }
}

test('whatever a viewer does, there is one report of each milestone that counts, and none of any other', () => {
  fc.assert(
    fc.property(acts, fc.boolean(), fc.constantFrom<Measure>('reached', 'watched'), (done, loop, measure) => {
      const { reports, track } = page();
      const video = simulateVideo(20, { loop });
      const oracle = new Oracle(loop);
      const stop = track(video.element, { measure, milestones: ['all'] });
      for (const act of done) {
        if (act.do === 'play') video.play(act.seconds);
        if (act.do === 'seek') video.seek(act.to);
        if (act.do === 'pause') video.pause();
        // The last quarter of a second of playback is known only if it is read before another source is loaded.
        if (act.do === 'load') {
          video.pause();
          video.load();
        }
        oracle.act(act);
      }
      stop();
      const expected = ALL.filter((name) => oracle.counts(measure, SHARES[name]));
      expect(reports.map(({ event }) => event).sort()).toEqual(expected.sort());
    }),
    { numRuns: 200 },
  );
});
