import { cleanup, configure, render, screen, within } from '@testing-library/react';
import { afterEach, describe, expect, test } from 'vitest';

import { Admin } from '../../app/admin/admin.js';
import { createApi } from '../../app/admin/api.js';

const EVENTS = ['video_started', 'watched_10_percent', 'watched_50_percent', 'watched_95_percent'];
const COUNTS = { video_started: 8, watched_10_percent: 6, watched_50_percent: 4, watched_95_percent: 2 };
const MARKUP = '<b>Tides</b>';

configure({ asyncUtilTimeout: 4000 });

afterEach(() => {
  cleanup();
  window.history.replaceState(null, '', '/');
});

/** The text of each element that matches. */
function textsOf(container: Element, selector: string) {
  return Array.from(container.querySelectorAll(selector), ({ textContent }) => textContent);
}

/** What the server holds besides the counts of its video. */
interface Held {
  place?: object;
  catalogue?: object;
  suppressed?: number;
}

/** The page at an address, on a server with one video that answers `more` besides its counts. */
function open(address: string, enabled: readonly string[], more: Held = {}) {
  window.history.replaceState(null, '', address);
  const asked: string[] = [];
  const send = (path: string) => {
    asked.push(path.replace(/\?.*/, ''));
    return Promise.resolve(Response.json(bodyOf(path, more)));
  };
  const page = render(<Admin api={createApi(send)} enabled={enabled} />);
  return { ...page, asked };
}

function bodyOf(path: string, { place, catalogue, suppressed = 0 }: Held): object {
  const event = new URL(path, 'http://site.example').searchParams.get('event') ?? 'watched_50_percent';
  const milestones = EVENTS.map((event, index) => ({
    event,
    count: 8 - 2 * index,
    shareOfFirst: (8 - 2 * index) / 8,
    dropOff: null,
    recordedSince: '2026-01-01',
    reason: null,
  }));
  const funnel = { milestones, estimatedShareWatched: 0.5 };
  const days = [{ day: '2026-11-03', counts: COUNTS }];
  if (path.includes('/session')) return { signedIn: true, csrfToken: 't' };
  if (path.includes('/live'))
    return { waiting: 0, oldestWaitingSeconds: null, unknownEvents: {}, parked: 0, suppressed, perMinute: [] };
  if (path.includes('/series')) return { event, days, funnel };
  if (path.includes('/videos/'))
    return {
      videoId: 'tides',
      event,
      counts: COUNTS,
      total: 4,
      rank: 1,
      firstDay: null,
      lastDay: null,
      daily: days,
      funnel,
      catalogue,
    };
  return { event, total: 4, videos: [{ rank: 1, videoId: 'tides', counts: COUNTS, ...place }], nextCursor: null };
}

describe('an event type that the page has never heard of', () => {
  test('is a milestone, a column, and what ranks', async () => {
    const { container } = open('/admin?event=watched_10_percent', EVENTS);
    await screen.findByText('Nov 3, 2026');
    expect(textsOf(container, '.funnel tbody tr')[1]).toBe('10%675%–');
    expect(textsOf(container, '.ranking thead th')).toEqual(['Rank', 'Video', 'Share', 'Started', '10%', 'Completion']);
    expect(textsOf(container, '.total')).toEqual(['4 watched 10%']);
    expect(textsOf(container, '.columns label')).toEqual(['Started', '10%', '50%', '95%', 'Completion']);
    expect(container.querySelector('[role=slider]')?.getAttribute('aria-valuetext')).toBe('Nov 3, 2026: 6 watched 10%');
  });
});

describe('where only the half is enabled', () => {
  test('there is no funnel, and nothing is asked for but what was asked for before', async () => {
    const { asked } = open('/admin/videos/tides?event=video_started', []);
    expect(await screen.findByText('Views in this range')).toBeDefined();
    expect(screen.queryByRole('table', { name: 'Funnel' })).toBeNull();
    expect(new Set(asked)).toEqual(
      new Set(['/admin/session', '/admin/analytics/live', '/admin/analytics/videos/tides']),
    );
  });
});

describe('suppressed crossings', () => {
  test('are said in one line beside the health of the pipeline', async () => {
    open('/admin', [], { suppressed: 12 });
    const line = await screen.findByText('About 12 views are not counted', { exact: false });
    const pipeline = screen.getByRole('region', { name: 'Pipeline' });
    expect(pipeline.contains(line)).toBe(true);
    expect(within(pipeline).getByRole('status').textContent).toBe('All counted.');
    expect(pipeline.dataset['mood']).toBe('good');
  });

  test('are not mentioned where there are none', async () => {
    open('/admin', []);
    await screen.findByText('All counted.');
    expect(screen.queryByText('not counted', { exact: false })).toBeNull();
  });
});

describe('a title', () => {
  test('stands above the id as text, with a link to the page', async () => {
    const { container } = open('/admin', [], { place: { title: MARKUP, pageUrl: 'https://shop.example/1' } });
    const name = await screen.findByRole('rowheader');
    expect(name.textContent).toBe(`${MARKUP}tidesPage`);
    expect(within(name).getByRole('link', { name: MARKUP }).getAttribute('href')).toBe('/admin/videos/tides');
    expect(
      within(name)
        .getByRole('link', { name: `Page of ${MARKUP}` })
        .getAttribute('href'),
    ).toBe('https://shop.example/1');
    expect(container.querySelector('.video-title b')).toBeNull();
    expect(
      screen.getByRole('searchbox', { name: 'Find videos by title words or the start of their id' }),
    ).toBeDefined();
  });

  test.each([{}, { title: null, pageUrl: null }])('may be missing: %o', async (place) => {
    open('/admin', [], { place });
    expect((await screen.findByRole('rowheader')).innerHTML).toBe(
      '<a href="/admin/videos/tides"><bdi class="video-id">tides</bdi></a>',
    );
    expect(screen.getByRole('searchbox', { name: 'Find videos by the start of their id' })).toBeDefined();
  });

  test.each([
    'javascript:alert(1)',
    'data:text/html,x',
    '//shop.example',
    ' https://shop.example',
    'ftp://shop.example',
  ])('links to the web only: %s', async (pageUrl) => {
    open('/admin', [], { place: { title: 'Tides', pageUrl } });
    const name = await screen.findByRole('rowheader');
    expect(within(name).getAllByRole('link')).toHaveLength(1);
  });

  test("is the heading of a video's page, with tags that filter the ranking", async () => {
    open('/admin/videos/tides', [], {
      catalogue: { title: 'Tides & more', pageUrl: 'http://shop.example/', tags: ['sea', 'a&b'] },
    });
    expect(await screen.findByRole('heading', { name: 'Tides & more', level: 1 })).toBeDefined();
    expect(document.title).toBe('Tides & more · pulse');
    expect(screen.getByText('tides')).toBeDefined();
    expect(screen.getByRole('link', { name: 'a&b' }).getAttribute('href')).toBe('/admin?tag=a%26b');
  });

  test('can be filtered by a tag, and the filter removed', async () => {
    open('/admin?tag=sea&q=t', []);
    const filter = await screen.findByText('Only videos tagged', { exact: false });
    expect(within(filter).getByText('sea')).toBeDefined();
    expect(within(filter).getByRole('link', { name: 'All videos' }).getAttribute('href')).toBe('/admin?q=t');
  });
});
