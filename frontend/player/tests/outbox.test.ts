import { describe, expect, test } from 'vitest';
import { fakeBrowser, FakeStorage, milestone, settled } from './fakes.js';

const MINUTE = 60_000;

describe('a report', () => {
  test('is on its way when add returns, with keepalive and as JSON', () => {
    const { tab, server } = fakeBrowser();
    tab().add(milestone('intro', 123));
    const [request] = server.requests;
    expect(request?.init).toMatchObject({
      method: 'POST',
      keepalive: true,
      headers: { 'Content-Type': 'application/json' },
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({
      videoId: 'intro',
      event: 'watched_50_percent',
      userId: 'ada',
      ts: 123,
    });
  });

  test.each([202, 200])('answered %i is done', async (status) => {
    const { tab, server, clock, kept } = fakeBrowser();
    server.answer = () => status;
    tab().add(milestone('intro'));
    await clock.pass(60 * MINUTE);
    expect(server.requests).toHaveLength(1);
    expect(kept()).toBe(0);
    expect(clock.planned).toBe(0);
  });

  test.each([400, 401, 403, 404, 413, 415, 422])('answered %i is dropped', async (status) => {
    const { tab, server, clock, kept } = fakeBrowser();
    server.answer = () => status;
    tab().add(milestone('intro'));
    await clock.pass(60 * MINUTE);
    expect(server.requests).toHaveLength(1);
    expect(kept()).toBe(0);
  });

  test.each([408, 429, 500, 502, 503, 504, 'offline' as const])(
    'that met %s is sent again, word for word',
    async (answer) => {
      const { tab, server, clock, kept } = fakeBrowser();
      server.answer = () => (server.requests.length < 3 ? answer : 202);
      tab().add(milestone('intro'));
      await clock.pass(10 * MINUTE);
      expect(server.requests).toHaveLength(3);
      expect(new Set(server.requests.map(({ body }) => body)).size).toBe(1);
      expect(kept()).toBe(0);
    },
  );

  test('whose request hangs is given up after ten seconds and sent again', async () => {
    const { tab, server, clock } = fakeBrowser();
    server.answer = () => (server.requests.length < 2 ? 'hangs' : 202);
    tab().add(milestone('intro'));
    await clock.pass(9_000);
    expect(server.requests).toHaveLength(1);
    await clock.pass(5_000);
    expect(server.requests).toHaveLength(2);
  });
});

describe('retries', () => {
  test('come ever later, up to five minutes, never in step', async () => {
    const { tab, server, clock } = fakeBrowser();
    server.answer = () => 'offline';
    tab().add(milestone('intro'));
    await clock.pass(60 * MINUTE);
    const gaps = server.requests.slice(1).map(({ at }, index) => at - (server.requests[index]?.at ?? 0));
    gaps.forEach((gap, index) => {
      const longest = Math.min(1_000 * 2 ** index, 5 * MINUTE);
      expect(gap).toBeGreaterThanOrEqual(longest / 2);
      expect(gap).toBeLessThanOrEqual(longest);
    });
    expect(gaps.length).toBeGreaterThan(15);
  });

  test.each([
    ['seconds', '90'],
    ['a date', new Date(1_700_000_000_000 + 90_000).toUTCString()],
  ])('wait for the Retry-After in %s, and so do new reports', async (_form, retryAfter) => {
    const { tab, server, clock, network } = fakeBrowser();
    const outbox = tab();
    outbox.start();
    server.answer = () => (server.requests.length === 1 ? [503, { 'Retry-After': retryAfter }] : 202);
    outbox.add(milestone('first', 1));
    await clock.pass(80_000);
    outbox.add(milestone('second', 2));
    network.dispatchEvent(new Event('online'));
    await clock.pass(9_000);
    expect(server.videos).toEqual(['first']);
    await clock.pass(5_000);
    expect(server.videos).toEqual(['first', 'first', 'second']);
  });

  test('do not overflow the timer when the server asks for years', async () => {
    const { tab, server, clock } = fakeBrowser();
    server.answer = () => [503, { 'Retry-After': '999999999999' }];
    tab().add(milestone('intro'));
    await clock.pass(23 * 60 * MINUTE);
    expect(server.requests).toHaveLength(1);
    await clock.pass(2 * 60 * MINUTE);
    expect(server.requests).toHaveLength(2);
  });

  test('ignore a Retry-After that says nothing', async () => {
    const { tab, server, clock } = fakeBrowser();
    server.answer = () => (server.requests.length === 1 ? [503, { 'Retry-After': 'soon' }] : 202);
    tab().add(milestone('intro'));
    await clock.pass(2_000);
    expect(server.requests).toHaveLength(2);
  });

  test('begin at once when the network is back', async () => {
    const { tab, server, clock, network, kept } = fakeBrowser();
    const outbox = tab();
    outbox.start();
    server.answer = () => 'offline';
    outbox.add(milestone('intro'));
    await clock.pass(30 * MINUTE);
    server.answer = () => 202;
    network.dispatchEvent(new Event('online'));
    await settled();
    expect(kept()).toBe(0);
  });

  test('stop at the first failure, so that a server in trouble is asked once', async () => {
    const { tab, server, storage, clock } = fakeBrowser();
    server.answer = () => 'offline';
    const earlier = tab();
    ['a', 'b', 'c'].forEach((videoId, ts) => earlier.add(milestone(videoId, ts)));
    await settled();
    const { tab: later, server: down } = fakeBrowser({ storage });
    down.answer = () => 503;
    await later().flush();
    expect(down.requests).toHaveLength(1);
    expect(clock.planned).toBe(1);
  });
});

describe('a later visit', () => {
  test('delivers what the earlier one left, oldest first', async () => {
    const { tab, server, storage } = fakeBrowser();
    server.answer = () => 'offline';
    const closed = tab();
    closed.add(milestone('second', 2));
    closed.add(milestone('first', 1));
    await settled();
    const later = fakeBrowser({ storage });
    later.tab().start();
    await settled();
    expect(later.server.videos).toEqual(['first', 'second']);
    expect(later.kept()).toBe(0);
  });

  test('drops what it cannot read, and goes on', async () => {
    const { tab, server, storage, kept } = fakeBrowser();
    storage.setItem('pulse:report:%2Fanalytics:000000000000001:x', 'not a report');
    server.answer = ({ body }) => (body.startsWith('{') ? 202 : 400);
    tab().start();
    await settled();
    expect(kept()).toBe(0);
  });

  test('leaves the reports of another endpoint alone', async () => {
    const { tab, server, storage, kept } = fakeBrowser();
    storage.setItem('pulse:report:https%3A%2F%2Felsewhere.example%2Fanalytics:000000000000001:x', '{}');
    tab().start();
    await settled();
    expect(server.requests).toHaveLength(0);
    expect(kept()).toBe(1);
  });
});

describe('at most 50 reports are kept', () => {
  test('and the oldest go first', async () => {
    const { tab, server, clock, kept } = fakeBrowser();
    const outbox = tab();
    server.answer = () => 'offline';
    for (let n = 0; n < 60; n += 1) outbox.add(milestone(`v${n}`, n));
    await settled();
    expect(kept()).toBe(50);
    server.requests.length = 0;
    server.answer = () => 202;
    await clock.pass(10 * MINUTE);
    expect(server.videos).toEqual(Array.from({ length: 50 }, (_, n) => `v${n + 10}`));
  });

  test('and an evicted one does not come back when its own request fails', async () => {
    const { tab, server, clock, kept } = fakeBrowser();
    const outbox = tab();
    server.answer = ({ body }) => (body.includes('"evicted"') ? 'hangs' : 'offline');
    outbox.add(milestone('evicted', 0));
    for (let n = 1; n <= 50; n += 1) outbox.add(milestone(`v${n}`, n));
    await clock.pass(11_000); // The hanging request is given up.
    expect(kept()).toBe(50);
    server.requests.length = 0;
    server.answer = () => 202;
    await clock.pass(10 * MINUTE);
    expect(server.videos).toHaveLength(50);
    expect(server.videos).not.toContain('evicted');
  });

  test('in memory too', async () => {
    const { tab, server, clock, storage } = fakeBrowser();
    storage.fill();
    const outbox = tab();
    server.answer = () => 'offline';
    for (let n = 0; n < 60; n += 1) outbox.add(milestone(`v${n}`, n));
    await settled();
    server.requests.length = 0;
    server.answer = () => 202;
    await clock.pass(10 * MINUTE);
    expect(server.videos).toHaveLength(50);
  });
});

describe.each([{ webLocks: true }, { webLocks: false }])('two tabs (Web Locks: $webLocks)', ({ webLocks }) => {
  test('do not overwrite each other', async () => {
    const { tab, server, kept } = fakeBrowser({ webLocks });
    server.answer = () => 'offline';
    const [one, two] = [tab(), tab()];
    for (let n = 0; n < 10; n += 1) {
      one.add(milestone(`one-${n}`, n));
      two.add(milestone(`two-${n}`, n));
    }
    await settled();
    expect(kept()).toBe(20);
  });

  test('do not send what the other is just sending', async () => {
    const { tab, server, clock } = fakeBrowser({ webLocks });
    server.answer = () => 'hangs';
    const [one, two] = [tab(), tab()];
    one.add(milestone('intro'));
    await two.flush();
    await clock.pass(9_000);
    expect(server.requests).toHaveLength(1);
  });

  test('that come back together send each report once', async () => {
    const { tab, server, network, kept } = fakeBrowser({ webLocks });
    const [one, two] = [tab(), tab()];
    one.start();
    two.start();
    server.answer = () => 'offline';
    for (let n = 0; n < 5; n += 1) one.add(milestone(`v${n}`, n));
    await settled();
    server.requests.length = 0;
    server.answer = () => 202;
    network.dispatchEvent(new Event('online'));
    await settled();
    expect(server.videos.sort()).toEqual(['v0', 'v1', 'v2', 'v3', 'v4']);
    expect(kept()).toBe(0);
  });
});

test('a delivered report that another tab sees a little longer is not sent by that tab', async () => {
  const { tab, server, storage, clock } = fakeBrowser();
  server.answer = () => 'offline';
  const one = tab();
  one.add(milestone('intro'));
  await settled();
  const copy = new FakeStorage();
  const key = storage.key(0) ?? '';
  copy.setItem(key, storage.getItem(key) ?? '');
  server.answer = () => 202;
  await one.flush();
  await tab(copy).flush();
  expect(server.requests).toHaveLength(2);
  await clock.pass(1_000); // It is the lock that kept it, and no longer than it must.
  await tab(copy).flush();
  expect(server.requests).toHaveLength(3);
});

test('a report that another tab delivers meanwhile does not stop those behind it', async () => {
  const { tab, server, storage } = fakeBrowser({ webLocks: false });
  for (const n of ['1', '2', '3'])
    storage.setItem(`pulse:report:%2Fanalytics:00000000000000${n}:x`, `{"videoId":"${n}"}`);
  server.answer = () => {
    storage.removeItem('pulse:report:%2Fanalytics:000000000000002:x');
    return 202;
  };
  await tab().flush();
  expect(server.videos).toEqual(['1', '3']);
});

test('without any storage or locks, a flush leaves alone what is under way', async () => {
  const storage = new FakeStorage();
  storage.forbid();
  const { tab, server } = fakeBrowser({ webLocks: false, storage });
  server.answer = () => 'hangs';
  const outbox = tab();
  outbox.add(milestone('intro'));
  await outbox.flush();
  expect(server.requests).toHaveLength(1);
});

test('a clock that is set back does not silence an outbox that was asked to wait', async () => {
  const { tab, server, clock } = fakeBrowser();
  server.answer = () => (server.requests.length === 1 ? [503, { 'Retry-After': '60' }] : 202);
  const outbox = tab();
  outbox.add(milestone('first', 1));
  await settled();
  clock.ms -= 365 * 24 * 60 * MINUTE;
  outbox.add(milestone('second', 2));
  await settled();
  expect(server.videos).toEqual(['first', 'second']);
});

test('the lease of a tab that died is no obstacle for long', async () => {
  const { storage, clock, tab, server } = fakeBrowser({ webLocks: false });
  const key = 'pulse:report:%2Fanalytics:000000000000001:x';
  storage.setItem(key, '{}');
  storage.setItem(`lease:${key}`, String(clock.ms + 15_000));
  tab().start();
  await clock.pass(14_000);
  expect(server.requests).toHaveLength(0);
  await clock.pass(3_000);
  expect(server.requests).toHaveLength(1);
});

describe('a storage that is', () => {
  test.each(['fill', 'forbid'] as const)('made to %s still sends, and retries', async (spoil) => {
    const { tab, server, clock, storage } = fakeBrowser();
    storage[spoil]();
    const outbox = tab();
    outbox.start();
    server.answer = () => (server.requests.length < 3 ? 503 : 202);
    outbox.add(milestone('intro'));
    await clock.pass(60 * MINUTE);
    expect(server.requests).toHaveLength(3);
    expect(clock.planned).toBe(0);
  });

  test('forbidden on plain http, where there are no Web Locks either, still sends', async () => {
    const storage = new FakeStorage();
    storage.forbid();
    const { tab, server, clock } = fakeBrowser({ webLocks: false, storage });
    server.answer = () => (server.requests.length < 2 ? 503 : 202);
    tab().add(milestone('intro'));
    await clock.pass(MINUTE);
    expect(server.requests).toHaveLength(2);
  });
});

test('what start began ends with the function that it returned', async () => {
  const { tab, server, network, storage } = fakeBrowser();
  tab().start()();
  storage.setItem('pulse:report:%2Fanalytics:000000000000001:x', '{}');
  network.dispatchEvent(new Event('online'));
  await settled();
  expect(server.requests).toHaveLength(0);
});
