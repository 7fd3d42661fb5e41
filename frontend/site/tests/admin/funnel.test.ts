import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Funnel, Milestone } from '../../app/admin/api.js';
import { choicesOf, completionOf, shownColumns, toggled } from '../../app/admin/columns.js';
import { wordsOf } from '../../app/admin/event-words.js';
import { estimateOf, rowsOf } from '../../app/admin/funnel.js';
import { enabledEvents } from '../../app/enabled-events.js';
import { milestoneOf } from '../../app/event-names.js';

const STARTED = 'video_started';
const HALF = 'watched_50_percent';
const MOST = 'watched_95_percent';
const ENABLED = [STARTED, HALF, MOST];

function milestone(event: string, count: number, more: Partial<Milestone> = {}): Milestone {
  return { event, count, shareOfFirst: null, dropOff: null, recordedSince: '2026-05-12', reason: null, ...more };
}

function funnel(...milestones: Milestone[]): Funnel {
  return { milestones, estimatedShareWatched: null };
}

describe('the rows of a funnel', () => {
  test('have the counts, the shares of the first milestone and the drop-off', () => {
    const [first, second] = rowsOf(
      funnel(
        milestone(STARTED, 1204, { shareOfFirst: 1 }),
        milestone(HALF, 301, { shareOfFirst: 0.25, dropOff: 0.75 }),
      ),
    );
    expect(first).toMatchObject({ count: '1,204', share: '100%', part: 1, lost: '–', reason: undefined });
    expect(second).toMatchObject({ event: HALF, count: '301', share: '25%', part: 0.25, lost: '75%' });
  });

  test.each([
    ['notRecorded', null, 'not recorded yet'],
    ['notRecorded', '2026-05-12', 'not recorded before May 12, 2026'],
    ['recordedLater', '2026-05-12', 'not recorded before May 12, 2026'],
    [
      'exceedsEarlier',
      '2026-05-12',
      'more than reached the milestone before: the range cuts through viewings, or it was enabled later',
    ],
  ] as const)('say why there is no share: %s since %s', (reason, recordedSince, words) => {
    const [row] = rowsOf(funnel(milestone(HALF, 7, { reason, recordedSince })));
    expect(row).toMatchObject({ count: '7', share: '–', part: undefined, lost: '–', reason: words });
  });

  test('never have a share over 100 %, whatever the server answers', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 10, noNaN: true }), (shareOfFirst) => {
        const shown = funnel(milestone(HALF, 7, { shareOfFirst }));
        const [row] = rowsOf(shown, { medians: undefined, before: undefined, beforeName: undefined });
        expect(row?.part ?? 0).toBeLessThanOrEqual(1);
        expect(parseFloat(row?.share ?? '') || 0).toBeLessThanOrEqual(100);
      }),
    );
  });

  test('compare with the range before and with the median', () => {
    const now = funnel(milestone(STARTED, 112), milestone(HALF, 50), milestone(MOST, 5));
    const before = funnel(milestone(MOST, 0), milestone(STARTED, 100), milestone(HALF, 100));
    const medians = { [STARTED]: 1, [HALF]: 0.3333 };
    const rows = rowsOf(now, { medians, before, beforeName: '7 days before' });
    expect(rows.map(({ change }) => change)).toEqual(['+12%', '-50%', '–']);
    expect(rows.map(({ medianShare }) => medianShare)).toEqual(['100%', '33%', '–']);
  });

  test('compare no range with one that is not recorded as a whole', () => {
    const later = milestone(HALF, 100, { reason: 'recordedLater' });
    for (const [now, before] of [
      [milestone(HALF, 112), later],
      [later, milestone(HALF, 112)],
    ] as const) {
      const comparison = { medians: undefined, before: funnel(before), beforeName: '7 days before' };
      expect(rowsOf(funnel(now), comparison)[0]?.change).toBe('–');
    }
    const uneven = {
      medians: undefined,
      before: funnel(milestone(HALF, 10, { reason: 'exceedsEarlier' })),
      beforeName: '',
    };
    expect(rowsOf(funnel(milestone(HALF, 10)), uneven)[0]?.change).toBe('0%');
  });
});

test('the average is said to be an estimate, or left out', () => {
  expect(estimateOf({ milestones: [], estimatedShareWatched: 0.412 })).toBe(
    'About 41% watched on average (estimated between milestones)',
  );
  expect(estimateOf({ milestones: [], estimatedShareWatched: null })).toBeUndefined();
});

describe('the words for an event', () => {
  test.each([
    [STARTED, 'Started', 'Started', 'started', 'Nobody started'],
    [HALF, '50%', 'Watched 50%', 'watched 50%', 'Nobody watched 50%'],
    ['watched_10_percent', '10%', 'Watched 10%', 'watched 10%', 'Nobody watched 10%'],
    ['advert_skipped', 'Advert skipped', 'Advert skipped', 'advert skipped', 'Nobody advert skipped'],
  ])('%s follow from its name', (event, head, title, after, none) => {
    const words = wordsOf(event, [...ENABLED, event]);
    expect(words).toMatchObject({ head, title, none });
    expect(words.after(1)).toBe(after);
    expect(milestoneOf(event)).toBe(head);
  });

  test('are views where only the half is enabled', () => {
    const words = wordsOf(HALF, []);
    expect([words.head, words.title, words.after(1), words.after(2)]).toEqual(['Views', 'Views', 'view', 'views']);
  });
});

describe('the columns', () => {
  test('are the first milestone, the ranked one, and the completion, unless others are chosen', () => {
    expect(shownColumns(undefined, ENABLED, HALF)).toEqual([STARTED, HALF, 'completion']);
    expect(shownColumns([MOST], ENABLED, HALF)).toEqual([HALF, MOST]);
    expect(shownColumns([], ENABLED, MOST)).toEqual([MOST]);
  });

  test('are the ranked one alone where only one event is enabled', () => {
    expect(shownColumns(undefined, [], HALF)).toEqual([HALF]);
    expect(shownColumns(undefined, [STARTED], STARTED)).toEqual([STARTED]);
    expect(choicesOf([STARTED])).toEqual([STARTED]);
  });

  test('can be added and removed, and keep their order', () => {
    expect(toggled([HALF, 'completion'], STARTED, ENABLED)).toEqual([STARTED, HALF, 'completion']);
    expect(toggled([STARTED, HALF], STARTED, ENABLED)).toEqual([HALF]);
  });
});

test('the completion is the share of the last milestone in the first, never over 100 %', () => {
  expect(completionOf({ [STARTED]: 8, [HALF]: 4, [MOST]: 2 }, ENABLED)).toBe(0.25);
  expect(completionOf({ [STARTED]: 1, [MOST]: 2 }, ENABLED)).toBeUndefined();
  expect(completionOf({ [MOST]: 2 }, ENABLED)).toBeUndefined();
  expect(completionOf({ [STARTED]: 8 }, ENABLED)).toBe(0);
});

test('the server names the events that it counts in the page', () => {
  const page = document.implementation.createHTMLDocument();
  expect(enabledEvents(page)).toEqual([]);
  page.documentElement.dataset['events'] = 'video_started watched_50_percent';
  expect(enabledEvents(page)).toEqual(['video_started', 'watched_50_percent']);
});
