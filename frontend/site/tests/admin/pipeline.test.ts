import { describe, expect, test } from 'vitest';

import type { Live } from '../../app/admin/api.js';
import { healthOf, suppressedInWords } from '../../app/admin/pipeline.js';
import { duration } from '../../app/admin/words.js';

function health(live: Partial<Live>) {
  const quiet: Live = {
    waiting: 0,
    oldestWaitingSeconds: null,
    unknownEvents: {},
    parked: 0,
    suppressed: 0,
    perMinute: [],
  };
  return healthOf({ state: 'ready', data: { ...quiet, ...live }, at: 0 });
}

describe("the pipeline's health", () => {
  test('is good while nothing waits', () => {
    expect(health({})).toEqual({ mood: 'good', words: 'All counted.' });
  });

  test('is good while events have not waited long', () => {
    expect(health({ waiting: 1, oldestWaitingSeconds: 0.4 })).toEqual({
      mood: 'good',
      words: '1 view waits to be counted, the oldest for 0 s.',
    });
  });

  test('is bad when events wait for long', () => {
    const { mood, words } = health({ waiting: 1204, oldestWaitingSeconds: 192 });
    expect(mood).toBe('bad');
    expect(words).toMatch(/^1,204 views wait to be counted, the oldest for 3 min\. Is a worker running\?/);
  });

  test('is bad while events wait for a worker that knows them', () => {
    const { mood, words } = health({ waiting: 3, oldestWaitingSeconds: 192, unknownEvents: { watched_10_percent: 2 } });
    expect(mood).toBe('bad');
    expect(words).toBe(
      '3 views wait to be counted, the oldest for 3 min. 2 of them wait for a newer worker, which knows watched_10_percent.',
    );
  });

  test('is bad while there are dead letters, even if nothing waits', () => {
    const { mood, words } = health({ parked: 3 });
    expect(mood).toBe('bad');
    expect(words).toMatch(/^All counted\. 3 reports could not be recorded/);
  });

  test('is bad while a server does not answer, and says which', () => {
    const unavailable = healthOf({ state: 'failed', problem: { kind: 'unavailable', detail: '' } });
    const away = healthOf({ state: 'failed', problem: { kind: 'no-answer' } });
    expect([unavailable.mood, away.mood]).toEqual(['bad', 'bad']);
    expect(unavailable.words).toContain('Redis does not answer.');
    expect(away.words).toContain('The server does not answer.');
  });
});

test.each([
  [1, 'view', 'About 1 view is not counted, because the viewer’s browser asks for privacy.'],
  [1204, 'report', 'About 1,204 reports are not counted, because the viewers’ browsers ask for privacy.'],
])('%d suppressed crossings of a %s are said calmly', (suppressed, noun, words) => {
  expect(suppressedInWords(suppressed, noun)).toBe(words);
  expect(health({ suppressed })).toEqual({ mood: 'good', words: 'All counted.' });
});

test.each([
  [0.9, '0 s'],
  [59.9, '59 s'],
  [60, '1 min'],
  [3600, '1 h'],
  [86_400, '24 h'],
  [200_000, '2 days'],
])('%d seconds are %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});
