import { describe, expect, test, vi } from 'vitest';
import * as redelivery from '../lib/redelivery.js';
import { encode } from '../lib/api.js';
import type { Milestone } from '../lib/milestone.js';
import { fakeBrowser, FakeStorage, milestone, settled, type Request } from './fakes.js';

const MINUTE = 60_000;

describe('a report', () => {
  test('is sent before add returns, with keepalive and as JSON', () => {
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
    expect(clock.scheduled).toBe(0);
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

  test.each([
    ['a redirect', [0, {}, ''], 'got a redirect'],
    ['a page', [200, { 'Content-Type': 'text/html' }, '<p>'], 'got 200 text/html'],
    ['the JSON of another API', [200, { 'Content-Type': 'application/json' }, '{"ok":1}'], 'got 200 application/json'],
    ['nothing', [204, {}, ''], 'got 204 '],
    ['the 404 of a proxy', [404, { 'Content-Type': 'text/html' }, '<p>'], 'got 404 text/html'],
  ] as const)('that met %s is kept, with one warning', async (_what, answer, warning) => {
    const { tab, server, clock, kept, warnings } = fakeBrowser();
    server.answer = () => (server.requests.length < 6 ? [...answer] : 202);
    const outbox = tab();
    ['a', 'b', 'c'].forEach((videoId) => outbox.add(milestone(videoId)));
    await settled();
    expect(kept()).toBe(3);
    expect(warnings).toEqual([expect.stringContaining(`POST /analytics ${warning}`)]);
    await clock.pass(10 * MINUTE);
    expect([kept(), warnings.length]).toEqual([0, 1]);
  });

  test('refused for good warns once, with the field that the server names', async () => {
    const { tab, server, clock, warnings } = fakeBrowser();
    server.answer = () => [400, {}, '{"detail":"","errors":[{"field":"videoId","detail":"Not a valid string."}]}'];
    const outbox = tab();
    ['a', 'b'].forEach((videoId) => outbox.add(milestone(videoId)));
    await clock.pass(MINUTE);
    expect(warnings).toEqual([expect.stringContaining('(400 [{"field":"videoId","detail":"Not a valid string."}])')]);
  });

  test('whose answer has a body that never ends does not delay others, and is sent again', async () => {
    const { tab, server, clock, kept } = fakeBrowser();
    server.answer = () => (server.requests.length === 1 ? 'hangs in the body' : 202);
    const outbox = tab();
    outbox.add(milestone('first', 1));
    outbox.add(milestone('second', 2));
    await settled();
    expect([server.videos, kept()]).toEqual([['first', 'second'], 1]);
    await clock.pass(12_000);
    expect([server.videos, kept()]).toEqual([['first', 'second', 'first'], 0]);
  });

  test('whose request hangs times out after 10 s and is sent again', async () => {
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
  test('back off up to 5 min, with jitter', async () => {
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
    expect(server.videos.slice(1).sort()).toEqual(['first', 'second']);
  });

  test('do not overflow the timer if Retry-After is years', async () => {
    const { tab, server, clock } = fakeBrowser();
    server.answer = () => [503, { 'Retry-After': '999999999999' }];
    tab().add(milestone('intro'));
    await clock.pass(23 * 60 * MINUTE);
    expect(server.requests).toHaveLength(1);
    await clock.pass(2 * 60 * MINUTE);
    expect(server.requests).toHaveLength(2);
  });

  test('ignore an invalid Retry-After', async () => {
    const { tab, server, clock } = fakeBrowser();
    server.answer = () => (server.requests.length === 1 ? [503, { 'Retry-After': 'soon' }] : 202);
    tab().add(milestone('intro'));
    await clock.pass(2_000);
    expect(server.requests).toHaveLength(2);
  });

  test('start at once when the network is back', async () => {
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

  test('stop at the first failure, so that a failing server gets one request', async () => {
    const { tab, server, storage, clock } = fakeBrowser();
    server.answer = () => 'offline';
    const earlier = tab();
    ['a', 'b', 'c'].forEach((videoId, ts) => earlier.add(milestone(videoId, ts)));
    await settled();
    const { tab: later, server: down } = fakeBrowser({ storage });
    down.answer = () => 503;
    await later().flush();
    expect(down.requests).toHaveLength(1);
    expect(clock.scheduled).toBe(1);
  });
});

describe('a later visit', () => {
  test('delivers the reports that an earlier one left, oldest first', async () => {
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

  test('drops reports that it cannot read, and continues', async () => {
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
  test('and the oldest are evicted first', async () => {
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
    await clock.pass(11_000); // The hanging request times out.
    expect(kept()).toBe(50);
    server.requests.length = 0;
    server.answer = () => 202;
    await clock.pass(10 * MINUTE);
    expect(server.videos).toHaveLength(50);
    expect(server.videos).not.toContain('evicted');
  });

  test('also in memory', async () => {
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

  test('do not send a report that the other is sending', async () => {
    const { tab, server, clock } = fakeBrowser({ webLocks });
    server.answer = () => 'hangs';
    const [one, two] = [tab(), tab()];
    one.add(milestone('intro'));
    await two.flush();
    await clock.pass(9_000);
    expect(server.requests).toHaveLength(1);
  });

  test('that come online together send each report once', async () => {
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

test('a delivered report that another tab still finds in storage is not sent by that tab', async () => {
  const { tab, server, storage, clock } = fakeBrowser();
  server.answer = () => 'offline';
  const one = tab();
  one.add(milestone('intro'));
  await settled();
  const copy = Object.assign(new FakeStorage(), Object.fromEntries(Object.entries(storage)));
  server.answer = () => 202;
  await one.flush();
  await tab({ storage: copy }).flush();
  expect(server.requests).toHaveLength(2);
  await clock.pass(1_000); // The lock prevented it, and is released by now.
  await tab({ storage: copy }).flush();
  expect(server.requests).toHaveLength(3);
});

test('a report that another tab delivers in the meantime does not stop the reports after it', async () => {
  const { tab, server, storage } = fakeBrowser({ webLocks: false });
  for (const n of ['1', '2', '3'])
    storage.setItem(`pulse:report:%2Fanalytics:00000000000000${n}:x`, `{"videoId":"${n}"}`);
  server.answer = ({ url }) => {
    if (url !== '/analytics') return 404;
    storage.removeItem('pulse:report:%2Fanalytics:000000000000002:x');
    return 202;
  };
  await tab().flush();
  expect(server.videos).toEqual(['1', '2', '3', '1', '3']); // A batch, and then one by one.
});

test('without storage and locks, a flush does not send a report that is being sent', async () => {
  const storage = new FakeStorage();
  storage.forbid();
  const { tab, server } = fakeBrowser({ webLocks: false, storage });
  server.answer = () => 'hangs';
  const outbox = tab();
  outbox.add(milestone('intro'));
  await outbox.flush();
  expect(server.requests).toHaveLength(1);
});

test('a clock that is set back does not make a Retry-After last forever', async () => {
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

test('the lease of a closed tab expires', async () => {
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

/** Stores these videos' reports as an earlier visit left them. */
function leave(storage: Storage, videoIds: readonly string[], userId = 'ada'): void {
  videoIds.forEach((videoId, number) => {
    const ts = String(number).padStart(15, '0');
    const body = encode({ ...milestone(videoId, number), userId });
    storage.setItem(`pulse:report:%2Fanalytics:${ts}:x`, body);
  });
}

describe('several waiting reports', () => {
  const isBatch = ({ url }: Request): boolean => url === '/analytics/batch';

  test('go as one batch, and each result settles its own report', async () => {
    const { tab, server, storage, kept, warnings } = fakeBrowser();
    leave(storage, ['a', 'b', 'c']);
    const results = [
      { status: 'queued', eventId: '1' },
      { status: 'invalid', errors: [{ field: 'userId', detail: 'Too long.' }] },
      { status: 'duplicate', eventId: '3' },
    ];
    server.answer = () => [202, {}, JSON.stringify({ results })];
    await tab().flush();
    expect(server.requests.map(({ url }) => url)).toEqual(['/analytics/batch']);
    expect(server.requests[0]?.init).toMatchObject({ method: 'POST', keepalive: true });
    expect(kept()).toBe(0);
    expect(warnings).toEqual([expect.stringContaining('"field":"userId"')]);
  });

  test.each([
    ['404', [404, {}]],
    ['405', [405, {}]],
    ['413', [413, {}]],
    ['400', [400, {}]],
    ['500', [500, {}]],
    ['a redirect', [0, {}, '']],
    ['a page', [200, {}, '<p>']],
    ['202 for one report', [202, {}, '{"status":"queued","eventId":"1"}']],
    ['too few results', [202, {}, '{"results":[{"status":"queued","eventId":"1"}]}']],
    ['strange results', [202, {}, '{"results":[null,null,null]}']],
  ] as const)('go one by one if the batch gets %s, and no more batches until the next page', async (_what, answer) => {
    const { tab, server, storage, clock, kept, warnings } = fakeBrowser();
    leave(storage, ['a', 'b', 'c']);
    server.answer = (request) => (isBatch(request) ? [...answer] : 202);
    const outbox = tab();
    await outbox.flush();
    expect(server.videos).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
    expect([kept(), warnings]).toEqual([0, []]);
    await clock.pass(1_000); // The locks are released.
    leave(storage, ['d', 'e']);
    await outbox.flush();
    expect(server.requests.filter(isBatch)).toHaveLength(1);
    await clock.pass(1_000);
    leave(storage, ['f', 'g']);
    await tab().flush();
    expect(server.requests.filter(isBatch)).toHaveLength(2);
    expect(kept()).toBe(0);
  });

  test.each([408, 429, 503, 'offline', 'hangs'] as const)(
    'whose batch met %s have failed once, together, and none is dropped',
    async (answer) => {
      const { tab, server, storage, clock, kept } = fakeBrowser();
      leave(storage, ['a', 'b', 'c']);
      server.answer = () => (server.requests.length === 1 ? answer : 202);
      tab().start();
      await clock.pass(answer === 'hangs' ? 10_000 : 400);
      expect([server.requests.length, kept()]).toEqual([1, 3]);
      await clock.pass(1_000);
      expect(kept()).toBe(0);
      expect(server.requests.every(({ url, body }) => isBatch({ url } as Request) || body.includes('videoId'))).toBe(
        true,
      );
    },
  );

  test('wait for the Retry-After of their batch', async () => {
    const { tab, server, storage, clock, kept } = fakeBrowser();
    leave(storage, ['a', 'b', 'c']);
    server.answer = () => (server.requests.length === 1 ? [503, { 'Retry-After': '60' }] : 202);
    tab().start();
    await clock.pass(59_000);
    expect(server.requests).toHaveLength(1);
    await clock.pass(2_000);
    expect(kept()).toBe(0);
  });

  test('are split into batches of at most 48 KiB', async () => {
    const { tab, server, storage, kept } = fakeBrowser();
    leave(
      storage,
      Array.from({ length: 50 }, () => '\u{1F3AC}'.repeat(128)),
      '\u{1F600}'.repeat(128),
    );
    await tab().flush();
    const sizes = server.requests.map(({ body }) => new TextEncoder().encode(body).length);
    expect(sizes).toHaveLength(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(48 * 1024);
    expect(kept()).toBe(0);
  });
});

describe('reports that are added together', () => {
  const names = ['a', 'b', 'c'];
  const together = (): Milestone[] => names.map((videoId) => milestone(videoId));
  const isBatch = ({ url }: Request): boolean => url === '/analytics/batch';

  test('are one request, which has started before add returns', async () => {
    const { tab, server, clock, kept } = fakeBrowser();
    const load = vi.fn(() => Promise.reject(new Error('Not found.')));
    tab({ load }).add(...together());
    expect(server.requests.map(({ url }) => url)).toEqual(['/analytics/batch']);
    expect(server.requests[0]?.init).toMatchObject({ method: 'POST', keepalive: true });
    expect(server.videos).toEqual(names);
    await clock.pass(MINUTE);
    expect([server.requests.length, kept(), load.mock.calls.length]).toEqual([1, 0, 0]);
  });

  test('are each settled by their own result', async () => {
    const { tab, server, clock, kept, warnings } = fakeBrowser();
    const results = [
      { status: 'queued', eventId: '1' },
      { status: 'invalid', errors: [{ field: 'event', detail: 'Not enabled.' }] },
      { status: 'duplicate', eventId: '3' },
    ];
    server.answer = () => [202, {}, JSON.stringify({ results })];
    tab().add(...together());
    await clock.pass(MINUTE);
    expect([server.requests.length, kept()]).toEqual([1, 0]);
    expect(warnings).toEqual([expect.stringContaining('"field":"event"')]);
  });

  test.each([404, 405, 413, 500, [200, {}, '<p>'], [202, {}, '{"status":"queued","eventId":"1"}']] as const)(
    'go one by one at once if the batch gets %j, and so do the next ones',
    async (answer) => {
      const { tab, server, clock, kept, warnings } = fakeBrowser();
      server.answer = (request) => (!isBatch(request) ? 202 : typeof answer === 'number' ? answer : [...answer]);
      const outbox = tab();
      outbox.add(...together());
      await settled();
      expect([server.videos.slice(3).sort(), kept(), warnings]).toEqual([names, 0, []]);
      await clock.pass(MINUTE);
      outbox.add(...together());
      expect(server.requests.slice(4).map(({ url }) => url)).toEqual(Array(3).fill('/analytics'));
      await clock.pass(MINUTE);
      expect([server.requests.length, kept()]).toEqual([7, 0]);
    },
  );

  test.each([408, 429, 503, 'offline', 'hangs'] as const)('wait together if the batch meets %s', async (answer) => {
    const { tab, server, clock, kept } = fakeBrowser();
    server.answer = () => (server.requests.length === 1 ? answer : 202);
    tab().add(...together());
    await clock.pass(answer === 'hangs' ? 10_400 : 400);
    expect([server.requests.length, kept()]).toEqual([1, 3]);
    await clock.pass(2_000);
    expect(kept()).toBe(0);
    expect(new Set(server.videos.slice(3))).toEqual(new Set(names));
  });

  test('wait for a Retry-After, and then go together', async () => {
    const { tab, server, clock, kept } = fakeBrowser();
    server.answer = () => (server.requests.length === 1 ? [503, { 'Retry-After': '60' }] : 202);
    const outbox = tab();
    outbox.add(milestone('first'));
    await settled();
    outbox.add(...together());
    await clock.pass(59_000);
    expect(server.requests).toHaveLength(1);
    await clock.pass(3_000);
    expect([server.requests.length, kept()]).toEqual([2, 0]);
  });

  test('and whose tab closes are sent by the next visit', async () => {
    const { tab, server, storage, clock } = fakeBrowser();
    server.answer = () => 'hangs';
    tab({ after: () => () => undefined }).add(...together());
    const later = fakeBrowser({ storage });
    later.clock.ms = clock.ms + MINUTE;
    await later.tab().flush();
    expect([later.server.videos.sort(), later.kept()]).toEqual([names, 0]);
  });
});

describe('a report that always fails does not hold up those behind it', () => {
  const others = ['b', 'c', 'd', 'e'];

  test.each([500, 502, 504, 'offline', 'hangs', 503] as const)('with %s', async (failure) => {
    const { tab, server, storage, clock, kept } = fakeBrowser();
    leave(storage, ['bad', ...others]);
    server.answer = ({ body }) => (body.includes('"bad"') ? failure : 202);
    tab().start();
    await clock.pass(failure === 'hangs' ? 90_000 : 45_000);
    expect(kept()).toBe(1);
  });

  test.each([500, 'offline'] as const)('with %s, at an endpoint without batches', async (failure) => {
    const { tab, server, storage, clock, kept } = fakeBrowser();
    leave(storage, ['bad', ...others]);
    server.answer = ({ url, body }) => (url !== '/analytics' ? 404 : body.includes('"bad"') ? failure : 202);
    tab().start();
    await clock.pass(3_000);
    expect(kept()).toBe(1);
  });

  test('even if ten of them do', async () => {
    const { tab, server, storage, clock, kept } = fakeBrowser();
    leave(storage, [...Array.from({ length: 10 }, () => 'bad'), ...others]);
    server.answer = ({ body }) => (body.includes('"bad"') ? 500 : 202);
    tab().start();
    await clock.pass(45_000);
    expect(kept()).toBe(10);
  });

  test('but a server that fails at everything gets few requests', async () => {
    const { tab, server, storage } = fakeBrowser();
    leave(storage, ['a', ...others]);
    server.answer = () => 500;
    await tab().flush();
    expect(server.requests).toHaveLength(4); // A batch, and three of its five.
  });
});

test('reports that fail together are one failure: the first retry comes within a second', async () => {
  const { tab, server, clock, kept } = fakeBrowser();
  server.answer = () => (server.requests.length <= 5 ? 'offline' : 202);
  const outbox = tab();
  ['a', 'b', 'c', 'd', 'e'].forEach((videoId, ts) => outbox.add(milestone(videoId, ts)));
  await clock.pass(1_000);
  expect(kept()).toBe(0);
});

test('new reports that keep failing do not put off the retry', async () => {
  const { tab, server, clock } = fakeBrowser();
  server.answer = () => 'offline';
  const outbox = tab();
  for (let n = 0; n < 10; n += 1) {
    outbox.add(milestone(`v${n}`, n));
    await clock.pass(300);
  }
  expect(server.requests.some(({ url }) => url === '/analytics/batch')).toBe(true);
});

describe('the code that sends again', () => {
  test('is not loaded while every report is delivered at once', async () => {
    const { tab, clock } = fakeBrowser();
    const load = vi.fn(() => Promise.reject(new Error('Not found.')));
    const outbox = tab({ load });
    outbox.start();
    ['a', 'b', 'c'].forEach((videoId) => outbox.add(milestone(videoId)));
    await clock.pass(60 * MINUTE);
    expect(load).not.toHaveBeenCalled();
  });

  test('is loaded once for reports that fail together', async () => {
    const { tab, server, clock, kept } = fakeBrowser();
    let created = 0;
    const createRedelivery: typeof redelivery.createRedelivery = (waiting) => {
      created += 1;
      return redelivery.createRedelivery(waiting);
    };
    server.answer = () => (server.requests.length <= 3 ? 'offline' : 202);
    const outbox = tab({ load: () => Promise.resolve({ createRedelivery }) });
    ['a', 'b', 'c'].forEach((videoId) => outbox.add(milestone(videoId)));
    await clock.pass(MINUTE);
    expect([created, kept(), server.requests.length]).toEqual([1, 0, 4]); // The last request is a batch.
  });

  test('is loaded again a minute later, and on `online`, if it cannot be loaded', async () => {
    const { tab, server, clock, network, kept } = fakeBrowser();
    const load = vi.fn<() => Promise<typeof redelivery>>(() => Promise.reject(new Error('Not found.')));
    const outbox = tab({ load });
    outbox.start();
    server.answer = () => (server.requests.length === 1 ? 503 : 202);
    outbox.add(milestone('intro'));
    await clock.pass(MINUTE - 1);
    expect(load).toHaveBeenCalledTimes(1);
    await clock.pass(1);
    expect(load).toHaveBeenCalledTimes(2);
    load.mockImplementation(() => Promise.resolve(redelivery));
    network.dispatchEvent(new Event('online'));
    await settled();
    expect([server.requests.length, kept(), clock.scheduled]).toEqual([2, 0, 1]); // The lock lingers.
  });

  test('is not needed for new reports, and the next visit sends what waits', async () => {
    const { tab, server, storage, kept } = fakeBrowser();
    const outbox = tab({ load: () => Promise.reject(new Error('Not found.')) });
    server.answer = () => (server.requests.length === 1 ? 503 : 202);
    outbox.add(milestone('waits', 1));
    await settled();
    outbox.add(milestone('new', 2));
    await settled();
    expect(kept()).toBe(1);
    const later = fakeBrowser({ storage });
    later.tab().start();
    await settled();
    expect([later.server.videos, later.kept()]).toEqual([['waits'], 0]);
  });
});

describe.each([{ webLocks: true }, { webLocks: false }])('a new report (Web Locks: $webLocks)', ({ webLocks }) => {
  test('whose tab closes while it is sent is sent by another tab 15 s later', async () => {
    const { tab, server, clock } = fakeBrowser({ webLocks });
    server.answer = () => 'hangs';
    tab({ after: () => () => undefined }).add(milestone('intro', clock.ms));
    tab().start();
    await clock.pass(14_000);
    expect(server.requests).toHaveLength(1);
    await clock.pass(5_000);
    expect(server.requests).toHaveLength(2);
  });

  test('whose first attempt fails is sent by any tab, and leaves nothing in storage', async () => {
    const { tab, server, storage, clock } = fakeBrowser({ webLocks });
    server.answer = () => (server.requests.length === 1 ? 503 : 202);
    tab({ after: () => () => undefined }).add(milestone('intro', clock.ms));
    await settled();
    await tab().flush();
    expect(server.requests).toHaveLength(2);
    expect(storage).toHaveLength(0);
  });
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
    expect(clock.scheduled).toBe(0);
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

test('the function that start returns stops flushing on online', async () => {
  const { tab, server, network, storage } = fakeBrowser();
  tab().start()();
  storage.setItem('pulse:report:%2Fanalytics:000000000000001:x', '{}');
  network.dispatchEvent(new Event('online'));
  await settled();
  expect(server.requests).toHaveLength(0);
});
