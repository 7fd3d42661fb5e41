import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canCross,
  createPlaybackSession,
  hasCrossed,
  isAlike,
  minus,
  reachBeyond,
  union,
  type Measure,
  type PlaybackSession,
  type Range,
} from '../lib/detector.js';
import { SHARES, type MilestoneName } from '../lib/milestone.js';

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

const HALF: MilestoneName[] = ['watched_50_percent'];
const ALL = Object.keys(SHARES) as MilestoneName[];

/** Observes, and reports what the session says, as a tracker does. */
function reportsNow(
  session: PlaybackSession,
  played: readonly Range[],
  duration: number,
  measure: Measure,
  asked = HALF,
): readonly MilestoneName[] {
  const due = asked.filter((name) => !session.reported.has(name));
  const reports = session.observe(played, duration, measure, due);
  for (const name of reports) session.reported.add(name);
  return reports;
}

describe('recorded traces', () => {
  test.each(traces)('$name', ({ measure, trace, reports }) => {
    const session = createPlaybackSession();
    expect(trace.map((played) => reportsNow(session, played, 20, measure).length > 0)).toEqual(reports);
  });
});

describe('a session', () => {
  test('adds up the ranges played before and after another rendition is loaded', () => {
    const session = createPlaybackSession();
    expect(session.observe([[0, 6]], 20, 'watched', HALF)).toEqual([]);
    expect(session.observe([], NaN, 'watched', HALF)).toEqual([]);
    expect(session.observe([[6, 10.1]], 20, 'watched', HALF)).toEqual(HALF);
  });

  test('judges each content by its own ranges', () => {
    const session = createPlaybackSession();
    expect(session.observe([[0, 9]], 20, 'watched', HALF)).toEqual([]);
    expect(session.observe([[9, 12]], 30, 'watched', HALF)).toEqual([]);
    expect(session.observe([[9, 10.3]], 20.4, 'watched', HALF)).toEqual(HALF);
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
    expect(session.observe([[0, 300]], Infinity, 'reached', HALF)).toEqual([]);
    expect(session.observe([[0, 300]], 400, 'reached', HALF)).toEqual(HALF);
  });

  test.each([NaN, Infinity, 0, -1])('never reports at a duration of %s', (duration) => {
    expect(createPlaybackSession().observe([[0, 1000]], duration, 'reached', HALF)).toEqual([]);
    expect(createPlaybackSession().observe([[0, 1000]], duration, 'watched', HALF)).toEqual([]);
  });
});

describe('a video', () => {
  test('has its milestones in their order, each a moment beyond its share', () => {
    const passed = (seconds: number, measure: Measure): readonly MilestoneName[] =>
      createPlaybackSession().observe([[0, seconds]], 20, measure, ALL);
    for (const measure of ['reached', 'watched'] as const) {
      expect(passed(0.24, measure)).toEqual([]);
      expect(passed(0.25, measure)).toEqual(['video_started']);
      expect(passed(20, measure)).toEqual(ALL);
    }
    const lengths = [5.24, 5.25, 10.25, 15.25, 19.24, 19.25];
    expect(lengths.map((seconds) => passed(seconds, 'reached').length)).toEqual([1, 2, 3, 4, 4, 5]);
    expect(lengths.map((seconds) => passed(seconds - 0.24, 'watched').length)).toEqual([1, 2, 3, 4, 4, 5]);
  });

  test('that the viewer jumps into has passed all that lies before, as reached, and its start, as watched', () => {
    expect(createPlaybackSession().observe([[16, 16.3]], 20, 'reached', ALL)).toEqual(ALL.slice(0, 4));
    expect(createPlaybackSession().observe([[16, 16.3]], 20, 'watched', ALL)).toEqual(['video_started']);
  });
});

const measures = fc.constantFrom<Measure>('reached', 'watched');
const marks = fc.constantFrom(...ALL.map((name) => SHARES[name]));
const durations = fc.double({ min: 0.1, max: 20_000, noNaN: true });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const shares = fc.array(
  fc.tuple(share, share).map(([a, b]): Range => (a < b ? [a, b] : [b, a])),
  { maxLength: 12 },
);
const scaled = (ranges: readonly Range[], by: number): Range[] => ranges.map(([a, b]): Range => [a * by, b * by]);

describe('for any played ranges, and each milestone,', () => {
  test('a session reports at most once', () => {
    fc.assert(
      fc.property(fc.array(shares, { maxLength: 10 }), durations, measures, (observations, duration, measure) => {
        const session = createPlaybackSession();
        const reports = observations.flatMap((ranges) =>
          reportsNow(session, scaled(ranges, duration), duration, measure, ALL),
        );
        expect(new Set(reports).size).toBe(reports.length);
      }),
    );
  });

  test('nothing is reported unless playback passes the mark', () => {
    fc.assert(
      fc.property(shares, durations, marks, (ranges, duration, mark) => {
        const before = scaled(ranges, duration * mark);
        expect(hasCrossed(union(before), duration, 'reached', mark)).toBe(false);
        const slivers = [...Array(20).keys()].map((n): Range => {
          const start = duration * (mark + (n * (1 - mark)) / 20);
          return [start, start + Math.min(reachBeyond(duration), (duration * (1 - mark)) / 20) * 0.9];
        });
        expect(hasCrossed(union(slivers), duration, 'reached', mark)).toBe(false);
        expect(hasCrossed(union(before), duration, 'watched', mark)).toBe(false);
      }),
    );
  });

  test('a playhead that was never past the mark has not crossed it', () => {
    fc.assert(
      fc.property(shares, durations, measures, marks, (ranges, duration, measure, mark) => {
        const played = union(scaled(ranges, duration));
        const playhead = Math.max(0, ...played.map(([, end]) => end));
        fc.pre(hasCrossed(played, duration, measure, mark));
        expect(canCross(playhead, duration, measure, mark)).toBe(true);
      }),
    );
    expect(canCross(10, 20, 'reached', 0.5)).toBe(false);
    expect(canCross(10.01, 20, 'reached', 0.5)).toBe(true);
    expect(canCross(0, 20, 'watched', 0.5)).toBe(true);
    expect(canCross(0, 20, 'reached', 0)).toBe(false);
  });

  test('playback beyond the mark is always reported', () => {
    fc.assert(
      fc.property(shares, share, durations, marks, (others, at, duration, mark) => {
        const need = reachBeyond(duration) * 1.001;
        const start = duration * mark + at * (duration * (1 - mark) - need);
        const played = union([...scaled(others, duration), [start, start + need]]);
        expect(hasCrossed(played, duration, 'reached', mark)).toBe(true);
      }),
    );
  });

  test('a video that is played to its end has passed it, however short it is', () => {
    fc.assert(
      fc.property(durations, measures, marks, (duration, measure, mark) => {
        expect(hasCrossed([[0, duration]], duration, measure, mark)).toBe(true);
      }),
    );
  });

  test('"watched" agrees with counting seconds on a grid, and so does the start with looking for one that is whole', () => {
    const cells = fc.array(fc.tuple(fc.nat(100), fc.nat(100)), { maxLength: 15 });
    fc.assert(
      fc.property(cells, marks, (pairs, mark) => {
        const ranges = pairs.map(([a, b]): Range => (a < b ? [a, b] : [b, a]));
        const counted = [...Array(100).keys()].filter((cell) => ranges.some(([a, b]) => a <= cell && cell < b));
        expect(hasCrossed(union(ranges), 100, 'watched', mark)).toBe(counted.length > 100 * mark);
      }),
    );
  });

  test('whoever has reached a later one has reached it, too', () => {
    fc.assert(
      fc.property(shares, durations, (ranges, duration) => {
        const played = scaled(ranges, duration);
        const names = createPlaybackSession().observe(played, duration, 'reached', ALL);
        expect(names).toEqual(ALL.slice(0, names.length));
      }),
    );
  });
});

describe('of any ranges', () => {
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
