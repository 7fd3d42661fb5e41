import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { SHARES } from '../lib/milestone.js';
import { recorded } from '../traces/recorded.js';
import { replay, type Trace } from '../traces/replay.js';
import { pulse, pulseOf, snowplowMedia, type StartTracker } from '../traces/trackers.js';

// Once, because a page's tracker keeps the `Date.now` that it finds first.
beforeAll(() => void vi.useFakeTimers());
afterAll(() => void vi.useRealTimers());

/** When `start`'s tracker notices half of the film; `seen` gets everything that it notices. */
async function noticed(
  trace: Trace,
  start: StartTracker,
  seen?: (event: string, ts: number) => void,
): Promise<number[]> {
  const began = Date.now();
  const times: number[] = [];
  const stop = await replay(
    trace,
    (element) =>
      start(element, (ts, event = HALF) => {
        seen?.(event, ts - began);
        if (event === HALF) times.push(ts - began);
      }),
    async (milliseconds) => {
      await vi.advanceTimersByTimeAsync(milliseconds);
    },
  );
  const inTime = [...times];
  stop();
  return inTime;
}

const HALF = 'watched_50_percent';
/** How many milestones of the film are passed, of those in order of their shares. */
const PASSED: Record<string, number> = {
  play: 5,
  'rate-2': 5,
  'rate-16': 5,
  stop: 2,
  jump: 3,
  scrub: 1,
  drag: 1,
  loop: 5,
  'loop-16': 5,
  leave: 3,
  hidden: 3,
  'pre-roll': 3,
  'pre-roll-only': 1,
  'mid-roll': 2,
  'mid-roll-told': 2,
  rendition: 3,
  'live-grows': 0,
  'live-infinite': 0,
};

async function check(trace: Trace): Promise<void> {
  const times = await noticed(trace, pulse);
  expect(times).toHaveLength(trace.expected.length);
  for (const [index, { passed, to }] of trace.expected.entries()) {
    expect(times[index]).toBeGreaterThanOrEqual(passed);
    expect(times[index]).toBeLessThanOrEqual(to);
  }
}

describe('what a real browser did is noticed as it should be', () => {
  test.each(recorded)('%s', async (_name, trace) => check(trace));

  test.each(recorded)('%s, with all milestones', async (name, trace) => {
    const seen: [event: string, ts: number][] = [];
    await noticed(trace, pulseOf(['all']), (event, ts) => seen.push([event, ts]));
    const [, scenario = ''] = name.split('/');
    expect(seen.map(([event]) => event)).toEqual(Object.keys(SHARES).slice(0, PASSED[scenario]));
    const sources = trace.events.filter(({ src }) => src);
    const [film] = name.includes('pre-roll') ? sources.slice(1) : sources;
    for (const [, ts] of seen) expect(ts).toBeGreaterThanOrEqual(film?.t ?? 0); // No ad is a start.
  });
});

test('a trace takes no more than 8 kB', () => {
  for (const [name, trace] of recorded) expect(JSON.stringify(trace).length, name).toBeLessThan(8192);
});

test('the comparison hears the other tracker', async () => {
  const play = recorded.find(([name]) => name === 'chromium/play')?.[1];
  expect(play && (await noticed(play, snowplowMedia))).toHaveLength(1);
});
