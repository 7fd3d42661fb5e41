import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canCross,
  createPlaybackSession,
  hasCrossed,
  isAlike,
  minus,
  reachBeyondHalf,
  union,
  type Measure,
  type PlaybackSession,
  type Range,
} from '../lib/detector.js';

/** Chromium's `played` at each timeupdate of a 20 s video. */
const traces: { name: string; measure: Measure; trace: Range[][]; reports: boolean[] }[] = [
  {
    name: 'normal play reports once, a quarter of a second past the middle',
    measure: 'reached',
    trace: [[[0, 9.8]], [[0, 10.05]], [[0, 10.3]], [[0, 20]]],
    reports: [false, false, true, false],
  },
  {
    name: 'a jump to 60 % reports after playback continues there',
    measure: 'reached',
    trace: [
      [[0, 2]],
      [
        [0, 2],
        [12, 12.1],
      ],
      [
        [0, 2],
        [12, 12.4],
      ],
    ],
    reports: [false, false, true],
  },
  {
    name: 'scrubbing while paused plays nothing',
    measure: 'reached',
    trace: [[], [], [[0, 0.5]], [[0, 0.5]]],
    reports: [false, false, false, false],
  },
  {
    name: 'dragging the playhead of a playing video leaves only slivers',
    measure: 'reached',
    trace: [
      [
        [0, 1],
        [11, 11.1],
      ],
      [
        [0, 1],
        [11, 11.1],
        [14, 14.2],
      ],
      [
        [0, 1],
        [11, 11.1],
        [14, 14.2],
        [19, 19.2],
      ],
    ],
    reports: [false, false, false],
  },
  {
    name: 'a pause across the mark is no gap',
    measure: 'reached',
    trace: [[[0, 10.1]], [[0, 10.1]], [[0, 10.25]]],
    reports: [false, false, true],
  },
  {
    name: 'the same seconds again are not watched twice',
    measure: 'watched',
    trace: [
      [[0, 8]],
      [[0, 8]],
      [[0, 10]],
      [
        [0, 10],
        [15, 15.2],
      ],
    ],
    reports: [false, false, false, true],
  },
  {
    name: 'the second half alone is not more than half',
    measure: 'watched',
    trace: [
      [[10, 15]],
      [[10, 20]],
      [
        [0, 0.3],
        [10, 20],
      ],
    ],
    reports: [false, false, true],
  },
];

/** Observes, and reports if the session says so, as a tracker does. */
function reportsNow(session: PlaybackSession, played: readonly Range[], duration: number, measure: Measure): boolean {
  const reports = session.observe(played, duration, measure);
  session.reported ||= reports;
  return reports;
}

describe('recorded traces', () => {
  test.each(traces)('$name', ({ measure, trace, reports }) => {
    const session = createPlaybackSession();
    expect(trace.map((played) => reportsNow(session, played, 20, measure))).toEqual(reports);
  });
});

describe('a session', () => {
  test('adds up the ranges played before and after another rendition is loaded', () => {
    const session = createPlaybackSession();
    expect(session.observe([[0, 6]], 20, 'watched')).toBe(false);
    expect(session.observe([], NaN, 'watched')).toBe(false);
    expect(session.observe([[6, 10.1]], 20, 'watched')).toBe(true);
  });

  test('judges each content by its own ranges', () => {
    const session = createPlaybackSession();
    expect(session.observe([[0, 9]], 20, 'watched')).toBe(false);
    expect(session.observe([[9, 12]], 30, 'watched')).toBe(false);
    expect(session.observe([[9, 10.3]], 20.4, 'watched')).toBe(true);
  });

  test.each([
    [20, 20.5, true],
    [20, 20.6, false],
    [0.6, 0.9, true],
    [3600, 3635, true],
    [3600, 3640, false],
    [NaN, NaN, false],
  ])('%s s and %s s are renditions of one film: %s', (one, other, alike) => {
    expect(isAlike(one, other)).toBe(alike);
  });

  test('of a live stream reports after the stream has ended if more than half was played', () => {
    const session = createPlaybackSession();
    expect(session.observe([[0, 300]], Infinity, 'reached')).toBe(false);
    expect(session.observe([[0, 300]], 400, 'reached')).toBe(true);
  });

  test.each([NaN, Infinity, 0, -1])('never reports at a duration of %s', (duration) => {
    expect(createPlaybackSession().observe([[0, 1000]], duration, 'reached')).toBe(false);
    expect(createPlaybackSession().observe([[0, 1000]], duration, 'watched')).toBe(false);
  });
});

const measures = fc.constantFrom<Measure>('reached', 'watched');
const durations = fc.double({ min: 0.1, max: 20_000, noNaN: true });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const shares = fc.array(
  fc.tuple(share, share).map(([a, b]): Range => (a < b ? [a, b] : [b, a])),
  { maxLength: 12 },
);
const scaled = (ranges: readonly Range[], by: number): Range[] => ranges.map(([a, b]): Range => [a * by, b * by]);

describe('for any played ranges', () => {
  test('a session reports at most once', () => {
    fc.assert(
      fc.property(fc.array(shares, { maxLength: 10 }), durations, measures, (observations, duration, measure) => {
        const session = createPlaybackSession();
        const reports = observations.filter((ranges) =>
          reportsNow(session, scaled(ranges, duration), duration, measure),
        );
        expect(reports.length).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('nothing is reported unless playback passes the mark', () => {
    fc.assert(
      fc.property(shares, durations, (ranges, duration) => {
        const before = scaled(ranges, duration / 2);
        expect(hasCrossed(union(before), duration, 'reached')).toBe(false);
        const slivers = [...Array(20).keys()].map((n): Range => {
          const start = duration * (0.5 + n * 0.025);
          return [start, start + reachBeyondHalf(duration) * 0.9];
        });
        expect(hasCrossed(union(slivers), duration, 'reached')).toBe(false);
        expect(hasCrossed(union(before), duration, 'watched')).toBe(false);
      }),
    );
  });

  test('a playhead that was never past the middle has not crossed it', () => {
    fc.assert(
      fc.property(shares, durations, measures, (ranges, duration, measure) => {
        const played = union(scaled(ranges, duration));
        const playhead = Math.max(0, ...played.map(([, end]) => end));
        fc.pre(hasCrossed(played, duration, measure));
        expect(canCross(playhead, duration, measure)).toBe(true);
      }),
    );
    expect(canCross(10, 20, 'reached')).toBe(false);
    expect(canCross(10.01, 20, 'reached')).toBe(true);
    expect(canCross(0, 20, 'watched')).toBe(true);
  });

  test('playback beyond the mark is always reported', () => {
    fc.assert(
      fc.property(shares, share, durations, (others, at, duration) => {
        const need = reachBeyondHalf(duration) * 1.001;
        const start = duration / 2 + at * (duration / 2 - need);
        const played = union([...scaled(others, duration), [start, start + need]]);
        expect(hasCrossed(played, duration, 'reached')).toBe(true);
      }),
    );
  });

  test('"watched" agrees with counting seconds on a grid', () => {
    const cells = fc.array(fc.tuple(fc.nat(100), fc.nat(100)), { maxLength: 15 });
    fc.assert(
      fc.property(cells, (pairs) => {
        const ranges = pairs.map(([a, b]): Range => (a < b ? [a, b] : [b, a]));
        const counted = [...Array(100).keys()].filter((cell) => ranges.some(([a, b]) => a <= cell && cell < b));
        expect(hasCrossed(union(ranges), 100, 'watched')).toBe(counted.length > 50);
      }),
    );
  });

  test('minus and its complement add up to the whole', () => {
    fc.assert(
      fc.property(shares, shares, (a, b) => {
        const [whole, taken] = [union(a), union(b)];
        const rest = minus(whole, taken);
        expect(minus(rest, taken)).toEqual(rest);
        expect(union([...rest, ...taken])).toEqual(union([...whole, ...taken]));
      }),
    );
  });
});
