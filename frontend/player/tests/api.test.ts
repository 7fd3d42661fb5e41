import { expect, test } from 'vitest';
import { encode, post, urlBeside, type Send } from '../lib/api.js';

test('a report has the field names of the API and no other fields', () => {
  const milestone = { videoId: 'v', event: 'watched_50_percent', userId: 'u', ts: 1, secret: 'no' } as const;
  expect(encode(milestone)).toBe('{"videoId":"v","event":"watched_50_percent","userId":"u","ts":1}');
});

test('a request that fails has no reply', async () => {
  const send = (): Promise<never> => Promise.reject(new TypeError('Failed to fetch'));
  expect(await post(send, '/analytics', ['{}'], new AbortController().signal)).toBeUndefined();
});

test.each([
  [202, '{"status":"queued","eventId":"1"}', true],
  [200, '{"status":"duplicate","eventId":"1"}', true],
  [200, '{"status":"ok"}', false],
  [200, '{"eventId":"1"}', false],
  [200, '{"status":200,"eventId":"1"}', false],
  [200, '<!doctype html>', false],
  [200, '', false],
  [200, 'null', false],
  [201, '{"status":"queued","eventId":"1"}', false],
  [500, '{"status":"queued","eventId":"1"}', false],
])('whether %i with %s accepts a report: %o', async (status, text, accepted) => {
  const send = (): Promise<Response> => Promise.resolve(new Response(text, { status }));
  const reply = await post(send, '/analytics', ['{}'], new AbortController().signal);
  expect(reply).toMatchObject({ status, accepted });
});

test.each([
  [['queued', 'duplicate'], true],
  [['queued', 'invalid'], false],
  [['queued'], false],
  [['queued', 'queued', 'queued'], false],
])('two reports that get %j are accepted: %o', async (statuses, accepted) => {
  const resultOf = (status: string): object =>
    status === 'invalid' ? { status, errors: [] } : { status, eventId: '1' };
  const sent: [url: string, body: unknown][] = [];
  const send: Send = (url, { body }) => {
    sent.push([url, body]);
    return Promise.resolve(new Response(JSON.stringify({ results: statuses.map(resultOf) }), { status: 202 }));
  };
  const reply = await post(send, '/analytics', ['{"a":1}', '{"b":2}'], new AbortController().signal);
  expect(reply).toMatchObject({ accepted });
  expect(sent).toEqual([['/analytics/batch', '{"events":[{"a":1},{"b":2}]}']]);
});

test.each(['{"status":"queued","eventId":"1"}', '{"results":[null,null]}', '{"results":2}', 'null'])(
  'two reports that get %s are not accepted',
  async (text) => {
    const send = (): Promise<Response> => Promise.resolve(new Response(text, { status: 202 }));
    const reply = await post(send, '/analytics', ['1', '2'], new AbortController().signal);
    expect(reply).toMatchObject({ accepted: false });
  },
);

test('a `send` that gives no body is believed', async () => {
  const send = (): ReturnType<Send> => Promise.resolve({ status: 202, headers: new Headers() });
  expect(await post(send, '/analytics', ['{}'], new AbortController().signal)).toMatchObject({ accepted: true });
});

test('a body that is cut off is no reply', async () => {
  const json = (): Promise<never> => Promise.reject(new TypeError('network error'));
  const send = (): ReturnType<Send> => Promise.resolve({ status: 202, headers: new Headers(), json });
  expect(await post(send, '/analytics', ['{}'], new AbortController().signal)).toBeUndefined();
});

test('a redirect is not followed', async () => {
  let init: RequestInit = {};
  const send: Send = (_url, given) => Promise.resolve(new Response()).finally(() => (init = given));
  await post(send, '/analytics', ['{}'], new AbortController().signal);
  expect(init.redirect).toBe('manual');
});

test.each([
  ['/analytics', '/analytics/batch'],
  ['/analytics/', '/analytics/batch'],
  ['https://a.example/analytics?site=1', 'https://a.example/analytics/batch?site=1'],
])('the batches of %s go to %s', (endpoint, url) => {
  expect(urlBeside(endpoint, 'batch')).toBe(url);
});
