import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { addDays, dayOf, daysBetween, isDay } from '../../app/admin/days.js';
import {
  RANGE_NAMES,
  type Range,
  type View,
  boundsBefore,
  boundsOf,
  hasAddress,
  hrefOf,
  viewOf,
  withShown,
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
const enabled = ['video_started', 'watched_50_percent', 'watched_95_percent'];
const event = fc.constantFrom(undefined, ...enabled);
const some = fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined });
const view: fc.Arbitrary<View> = fc.oneof(
  fc.record({
    page: fc.constant('ranking' as const),
    range,
    event,
    search: fc.string({ unit: 'grapheme' }),
    tag: some,
    cursor: some,
    columns: fc.option(fc.subarray([...enabled, 'completion']), { nil: undefined }),
  }),
  fc.record({ page: fc.constant('video' as const), range, event, videoId }),
);
const ranking: View = {
  page: 'ranking',
  range: { name: '30d' },
  event: undefined,
  search: '',
  tag: undefined,
  cursor: undefined,
  columns: undefined,
};

describe('an address', () => {
  test('leads back to the view from which it was made', () => {
    fc.assert(
      fc.property(view, (view) => {
        const { pathname, search } = new URL(hrefOf(view), 'http://site.example');
        expect(viewOf(pathname, search, enabled)).toEqual(view);
      }),
    );
  });

  test('of the ranking of 30 days, the default, has no query', () => {
    expect(hrefOf(ranking)).toBe('/admin');
    expect(hrefOf({ page: 'video', videoId: 'a', range: { name: '30d' }, event: undefined })).toBe('/admin/videos/a');
  });

  test.each([
    '?range=1y',
    '?range=constructor',
    '?since=2026-02-30&until=2026-03-02',
    '?since=2026-03-02&until=2026-03-02',
    '?since=2026-03-02',
  ])('with a range that cannot be is of 30 days: %s', (query) => {
    expect(viewOf('/admin', query, enabled)).toMatchObject({ page: 'ranking', range: { name: '30d' } });
  });

  test('with an event or columns that are not enabled is without them', () => {
    expect(viewOf('/admin', '?event=constructor&columns=watched_50_percent,constructor', enabled)).toEqual({
      ...ranking,
      columns: ['watched_50_percent'],
    });
    expect(viewOf('/admin', '?event=watched_50_percent&columns=watched_50_percent', [])).toEqual(ranking);
  });

  test.each(['/admin/videos/', '/admin/videos/%', '/admin/else', '/administration'])('%s is unknown', (pathname) => {
    expect(viewOf(pathname, '', enabled)).toEqual({ page: 'not-found' });
  });

  test.each(['.', '..'])('does not exist for %s, which a browser would resolve', (id) => {
    expect(hasAddress(id)).toBe(false);
    expect(
      new URL(hrefOf({ page: 'video', videoId: id, range: { name: '30d' }, event: undefined }), 'http://site.example')
        .pathname,
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
    const page: View = { ...ranking, range: { name: '7d' }, search: 'a', cursor: 'x' };
    expect(withShown(page, { range: { name: 'all' } })).toEqual({ ...page, range: { name: 'all' }, cursor: undefined });
  });

  test('is compared with as many days just before, if there are any', () => {
    const before = { since: '2026-11-09', until: '2026-11-16' };
    expect(boundsBefore({ since: '2026-11-16', until: '2026-11-23' })).toEqual(before);
    expect(boundsBefore({ since: undefined, until: '2026-11-23' })).toBeUndefined();
    expect(boundsBefore({ since: '2026-11-16', until: undefined })).toBeUndefined();
    expect(boundsBefore({ since: '1970-01-02', until: '1970-01-04' })).toBeUndefined();
    expect(boundsBefore({ since: '1990-01-02', until: '9999-01-04' })).toBeUndefined();
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
