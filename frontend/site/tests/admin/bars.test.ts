import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { barsOf, nameOf, scaleOf } from '../../app/admin/bars.js';
import { addDays } from '../../app/admin/days.js';

/** Days from Sunday 2026-03-01 on; each count is the day's number. */
function series(length: number) {
  return Array.from({ length }, (_, index) => ({ day: addDays('2026-03-01', index), count: index }));
}

describe('the bars of a series', () => {
  test('are days up to a length', () => {
    const { unit, bars } = barsOf(series(120));
    expect(unit).toBe('day');
    expect(bars[3]).toEqual({ day: '2026-03-04', count: 3 });
    expect(bars).toHaveLength(120);
  });

  test('are weeks from Monday to Sunday for a longer series', () => {
    const { unit, bars } = barsOf(series(121));
    expect(unit).toBe('week');
    expect(bars.slice(0, 2)).toEqual([
      { day: '2026-02-23', count: 0 },
      { day: '2026-03-02', count: 1 + 2 + 3 + 4 + 5 + 6 + 7 },
    ]);
  });

  test('are months for an even longer series', () => {
    const { unit, bars } = barsOf(series(841));
    expect(unit).toBe('month');
    expect(bars[0]).toEqual({ day: '2026-03-01', count: (30 * 31) / 2 });
    expect(bars[1]?.day).toBe('2026-04-01');
  });

  test('add up to the sum of the series', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3660 }), (length) => {
        const sum = barsOf(series(length)).bars.reduce((sum, bar) => sum + bar.count, 0);
        expect(sum).toBe((length * (length - 1)) / 2);
      }),
      { numRuns: 30 },
    );
  });

  test('are named for their day, week or month', () => {
    expect(nameOf('day', '2026-11-03')).toBe('Nov 3, 2026');
    expect(nameOf('week', '2026-11-02')).toBe('Week of Nov 2, 2026');
    expect(nameOf('month', '2026-11-01')).toBe('November 2026');
  });
});

describe('a scale', () => {
  test.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [7, [0, 2, 4, 6, 8]],
    [47_361, [0, 20_000, 40_000, 60_000]],
  ])('up to %i', (most, lines) => {
    expect(scaleOf(most)).toEqual(lines);
  });

  test('has integers from 0, few lines, and room for the highest bar', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), (most) => {
        const lines = scaleOf(most);
        expect(lines[0]).toBe(0);
        expect(lines.every(Number.isInteger)).toBe(true);
        expect(lines.length).toBeGreaterThanOrEqual(2);
        expect(lines.length).toBeLessThanOrEqual(5);
        expect(lines.at(-1)).toBeGreaterThanOrEqual(most);
        expect(lines.at(-1)).toBeLessThanOrEqual(Math.max(1, most) * 2);
      }),
    );
  });
});
