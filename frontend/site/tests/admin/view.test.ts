import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { addDays, dayOf, daysBetween, isDay } from '../../app/admin/days.js';
import {
  RANGE_NAMES,
  type Range,
  type View,
  boundsOf,
  hasAddress,
  hrefOf,
  viewOf,
  withRange,
} from '../../app/admin/view.js';

const day = fc.integer({ min: 0, max: 90_000 }).map((days) => dayOf(days * 86_400_000));
const range: fc.Arbitrary<Range> = fc.oneof(
  fc.constantFrom(...RANGE_NAMES).map((name) => ({ name })),
  fc.tuple(day, fc.integer({ min: 1, max: 5000 })).map(([since, days]) => ({
    name: 'custom' as const,
    since,
    until: addDays(since, days),
  })),
);
// Whole characters, because a text with half of one is not an id.
const videoId = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter(hasAddress);
const view: fc.Arbitrary<View> = fc.oneof(
  fc.record({
    page: fc.constant('ranking' as const),
    range,
    search: fc.string({ unit: 'grapheme' }),
    cursor: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
  }),
  fc.record({ page: fc.constant('video' as const), range, videoId }),
);

describe('an address', () => {
  test('leads back to the view from which it was made', () => {
    fc.assert(
      fc.property(view, (view) => {
        const { pathname, search } = new URL(hrefOf(view), 'http://site.example');
        expect(viewOf(pathname, search)).toEqual(view);
      }),
    );
  });

  test('of the ranking of 30 days, the default, has no query', () => {
    expect(hrefOf({ page: 'ranking', range: { name: '30d' }, search: '', cursor: undefined })).toBe('/admin');
  });

  test.each([
    '?range=1y',
    '?range=constructor',
    '?since=2026-02-30&until=2026-03-02',
    '?since=2026-03-02&until=2026-03-02',
    '?since=2026-03-02',
  ])('with a range that cannot be is of 30 days: %s', (query) => {
    expect(viewOf('/admin', query)).toMatchObject({ page: 'ranking', range: { name: '30d' } });
  });

  test.each(['/admin/videos/', '/admin/videos/%', '/admin/else', '/administration'])('%s is unknown', (pathname) => {
    expect(viewOf(pathname, '')).toEqual({ page: 'not-found' });
  });

  test.each(['.', '..'])('does not exist for %s, which a browser would resolve', (id) => {
    expect(hasAddress(id)).toBe(false);
    expect(
      new URL(hrefOf({ page: 'video', videoId: id, range: { name: '30d' } }), 'http://site.example').pathname,
    ).not.toContain('videos/.');
  });
});

describe('a range', () => {
  test.each([
    ['today', '2026-11-22', '2026-11-23'],
    ['7d', '2026-11-16', '2026-11-23'],
    ['30d', '2026-10-24', '2026-11-23'],
    ['90d', '2026-08-25', '2026-11-23'],
  ] as const)('%s ends with today', (name, since, until) => {
    expect(boundsOf({ name }, '2026-11-22')).toEqual({ since, until });
  });

  test('of all time has no ends', () => {
    expect(boundsOf({ name: 'all' }, '2026-11-22')).toEqual({ since: undefined, until: undefined });
  });

  test('change leads to the first page with the same search', () => {
    const page: View = { page: 'ranking', range: { name: '7d' }, search: 'a', cursor: 'x' };
    expect(withRange(page, { name: 'all' })).toEqual({ ...page, range: { name: 'all' }, cursor: undefined });
  });
});

describe('days', () => {
  test('can be added and subtracted', () => {
    fc.assert(
      fc.property(day, fc.integer({ min: -300, max: 300 }), (day, count) => {
        expect(daysBetween(day, addDays(day, count))).toBe(count);
      }),
    );
  });

  test.each([null, '', '2026-13-01', '2026-02-29', '1969-12-31', '2026-1-1', '2026-01-01T00:00', '+02026-01-01'])(
    '%s is none',
    (text) => {
      expect(isDay(text)).toBe(false);
    },
  );
});
