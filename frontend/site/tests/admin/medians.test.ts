import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mediansOf } from '../../app/admin/medians.js';

const EVENTS = ['video_started', 'watched_50_percent'];

function places(...counts: [number, number][]) {
  return counts.map(([started, half], index) => ({
    rank: index + 1,
    videoId: `v${String(index)}`,
    counts: { video_started: started, watched_50_percent: half },
  }));
}

describe('the medians', () => {
  test.each([
    ['of three videos', places([10, 1], [10, 9], [10, 5]), 0.5],
    ['of four videos lie between two', places([10, 1], [10, 9], [10, 5], [100, 70]), 0.6],
    ['leave out what cannot be a share', places([10, 1], [0, 5], [2, 3], [0, 0]), 0.1],
    ['of no videos are not known', [], undefined],
  ] as const)('%s', (_, videos, half) => {
    const medians = mediansOf(videos, EVENTS);
    if (half === undefined) expect(medians['watched_50_percent']).toBeUndefined();
    else expect(medians['watched_50_percent']).toBeCloseTo(half, 9);
  });

  test('are shares, whatever the order of the videos', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { minLength: 1 }), (counts) => {
        const medians = mediansOf(places(...counts), EVENTS);
        expect(mediansOf(places(...[...counts].reverse()), EVENTS)).toEqual(medians);
        for (const share of Object.values(medians)) expect(share ?? 0).toBeLessThanOrEqual(1);
      }),
    );
  });
});
