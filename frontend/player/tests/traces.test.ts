import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { recorded } from '../traces/recorded.js';
import { replay, type Trace } from '../traces/replay.js';
import { pulse, snowplowMedia, type StartTracker } from '../traces/trackers.js';

// Once, because a page's tracker keeps the `Date.now` that it finds first.
beforeAll(() => void vi.useFakeTimers());
afterAll(() => void vi.useRealTimers());

async function noticed(trace: Trace, start: StartTracker): Promise<number[]> {
  const began = Date.now();
  const times: number[] = [];
  const stop = await replay(
    trace,
    (element) => start(element, (ts) => times.push(ts - began)),
    async (milliseconds) => {
      await vi.advanceTimersByTimeAsync(milliseconds);
    },
  );
  const inTime = [...times];
  stop();
  return inTime;
}

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
});

test('a trace takes no more than 8 kB', () => {
  for (const [name, trace] of recorded) expect(JSON.stringify(trace).length, name).toBeLessThan(8192);
});

test('the comparison hears the other tracker', async () => {
  const play = recorded.find(([name]) => name === 'chromium/play')?.[1];
  expect(play && (await noticed(play, snowplowMedia))).toHaveLength(1);
});
