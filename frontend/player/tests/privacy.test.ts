import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Milestone } from '../lib/milestone.js';
import type { Outbox } from '../lib/outbox.js';
import { startOutbox } from '../lib/page-outbox.js';
import { createPlaybackSessions } from '../lib/playback-sessions.js';
import { allowedStorage, type PrivacyOptions } from '../lib/privacy.js';
import '../lib/redelivery.js'; // So that the outbox finds it loaded.
import { followVideo, trackVideo, type TrackOptions } from '../lib/track-video.js';
import { createViewerId } from '../lib/viewer.js';
import { settled } from './fakes.js';
import { simulateVideo } from './simulated-video.js';

const requests: { url: string; init: RequestInit }[] = [];
let status = 202;

/** The browser says this from now on. */
function say(what: { globalPrivacyControl?: unknown; doNotTrack?: unknown; windowDoNotTrack?: unknown }): void {
  const { windowDoNotTrack, ...said } = what;
  for (const [name, value] of Object.entries(said))
    Object.defineProperty(navigator, name, { value, configurable: true });
  if (windowDoNotTrack !== undefined) vi.stubGlobal('doNotTrack', windowDoNotTrack);
}

let number = 0;
/** Plays a video past its half, at an endpoint that no other test uses. */
async function watch(options: Partial<TrackOptions> = {}): Promise<string> {
  const endpoint = `/analytics-${(number += 1)}`;
  const video = simulateVideo(20);
  const stop = trackVideo(video.element, { videoId: endpoint, endpoint, ...options });
  video.play(15);
  await settled();
  stop();
  return endpoint;
}

beforeEach(() => {
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    requests.push({ url, init });
    return Promise.resolve(new Response(status === 202 ? '{"status":"queued","eventId":"1"}' : '', { status }));
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  for (const name of ['globalPrivacyControl', 'doNotTrack']) Reflect.deleteProperty(navigator, name);
  localStorage.clear();
  requests.length = 0;
  status = 202;
});

describe('a crossing', () => {
  const both: PrivacyOptions = { respectPrivacySignals: true };

  test.each([
    ['Global Privacy Control', { globalPrivacyControl: true }, undefined],
    ['Do Not Track', { doNotTrack: '1' }, undefined],
    ['Do Not Track as older browsers say it', { windowDoNotTrack: '1' }, undefined],
    ['nothing', {}, 'local'],
    ['that tracking is fine', { globalPrivacyControl: false, doNotTrack: '0' }, 'local'],
    ['nothing, as Firefox and Chromium say it', { doNotTrack: 'unspecified', windowDoNotTrack: null }, 'local'],
  ])('is suppressed if the browser says so: %s', (_name, said, expected) => {
    say(said);
    expect(allowedStorage(both)).toBe(expected);
    expect(allowedStorage({ ...both, storage: 'none' })).toBe(expected && 'none');
    expect(allowedStorage({})).toBe('local');
    expect(allowedStorage({ respectPrivacySignals: false })).toBe('local');
  });

  test('that is suppressed is one request that says nothing, and leaves nothing in the browser', async () => {
    say({ globalPrivacyControl: true });
    const told: Milestone[] = [];
    const endpoint = await watch({ ...both, userId: 'ada', onMilestone: (milestone) => told.push(milestone) });
    expect(requests).toEqual([
      {
        url: `${endpoint}/suppressed`,
        init: { method: 'POST', keepalive: true, credentials: 'omit', referrerPolicy: 'no-referrer' },
      },
    ]);
    expect(Object.keys(localStorage)).toEqual([]);
    expect(told.map(({ videoId, userId }) => [videoId, userId])).toEqual([[endpoint, '']]);
  });

  test('that is suppressed is not sent again if the server cannot take it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    status = 503;
    say({ doNotTrack: '1' });
    const video = simulateVideo(20);
    const stop = trackVideo(video.element, { videoId: 'away', endpoint: '/away', ...both });
    video.play(20);
    await vi.advanceTimersByTimeAsync(600_000);
    vi.useRealTimers();
    stop();
    expect(requests.map(({ url }) => url)).toEqual(['/away/suppressed']);
  });

  test('of several milestones together is one', async () => {
    say({ doNotTrack: '1' });
    const video = simulateVideo(20);
    const stop = trackVideo(video.element, { videoId: 'all', milestones: ['all'], ...both });
    video.seek(19);
    video.play(1);
    await settled();
    stop();
    expect(requests.map(({ url }) => url)).toEqual(['/analytics/suppressed']);
  });

  test("is not told to the page's own outbox, which is not even started", () => {
    say({ globalPrivacyControl: true });
    const used: string[] = [];
    const outbox: Outbox = {
      add: () => void used.push('add'),
      flush: () => Promise.resolve(),
      start: () => {
        used.push('start');
        return () => undefined;
      },
    };
    const world = { sessions: createPlaybackSessions(), viewerId: createViewerId(), now: Date.now };
    const video = simulateVideo(20);
    followVideo(video.element, 'intro', () => ({ ...both, outbox }), world)();
    video.play(20);
    expect(used).toEqual([]);
  });

  test('is reported as ever where the site does not respect signals', async () => {
    say({ globalPrivacyControl: true, doNotTrack: '1' });
    const endpoint = await watch();
    expect(requests.map(({ url }) => url)).toEqual([endpoint]);
    expect(Object.keys(localStorage)).toEqual(['pulse:viewer']);
  });
});

describe('what an earlier visit left', () => {
  test('stays unsent while the browser asks for privacy', async () => {
    say({ globalPrivacyControl: true });
    localStorage.setItem('pulse:report:%2Fanalytics:000000000000001:x', '{"videoId":"intro"}');
    startOutbox({ respectPrivacySignals: true })();
    await watch({ endpoint: '/analytics', respectPrivacySignals: true });
    expect(requests.map(({ url }) => url)).toEqual(['/analytics/suppressed']);
    expect(Object.keys(localStorage)).toHaveLength(1);
  });
});

describe('without storage', () => {
  /** Notes what is asked of any storage. */
  function watchStorage(): string[] {
    const used: string[] = [];
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB'] as const) {
      vi.stubGlobal(
        name,
        new Proxy(
          {},
          { get: (_, what) => void used.push(`${name}.${String(what)}`), ownKeys: () => (used.push(name), []) },
        ),
      );
    }
    return used;
  }

  test('a report has a viewer of this visit, and no storage is touched, whatever the server answers', async () => {
    const used = watchStorage();
    startOutbox({ storage: 'none' })();
    for (status of [202, 503]) await watch({ storage: 'none' });
    const [first, second] = requests.map(({ init }) => JSON.parse(init.body as string) as Milestone);
    expect(first?.userId).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.userId).toBe(first?.userId);
    expect(used).toEqual([]);
  });

  test('with it a report that waits is stored', async () => {
    status = 503;
    const endpoint = await watch();
    expect(Object.keys(localStorage).join()).toContain(`pulse:report:${encodeURIComponent(endpoint)}:`);
  });

  test("a user's own id is used", async () => {
    await watch({ storage: 'none', userId: 7 });
    expect(requests.map(({ init }) => (JSON.parse(init.body as string) as Milestone).userId)).toEqual(['7']);
  });
});
