import { expect, test } from 'vitest';
import { encode, post, type Answer } from '../lib/api.js';

const NOW = 1_700_000_000_000;

async function answerTo(status: number, headers: Record<string, string> = {}): Promise<Answer> {
  const send = (): Promise<{ status: number; headers: Headers }> =>
    Promise.resolve({ status, headers: new Headers(headers) });
  return post(send, '/analytics', '{}', new AbortController().signal, () => NOW);
}

test('a report has the field names of the API and no other fields', () => {
  const milestone = { videoId: 'v', event: 'watched_50_percent', userId: 'u', ts: 1, secret: 'no' } as const;
  expect(encode(milestone)).toBe('{"videoId":"v","event":"watched_50_percent","userId":"u","ts":1}');
});

test.each([
  [202, {}, { kind: 'done' }],
  [200, {}, { kind: 'done' }],
  [400, { 'Retry-After': '5' }, { kind: 'refused' }],
  [408, {}, { kind: 'later' }],
  [429, { 'Retry-After': '5' }, { kind: 'later', waitMs: 5_000 }],
  [503, { 'Retry-After': '0' }, { kind: 'later', waitMs: 0 }],
  [503, { 'Retry-After': new Date(NOW + 3_000).toUTCString() }, { kind: 'later', waitMs: 3_000 }],
  [503, { 'Retry-After': new Date(NOW - 3_000).toUTCString() }, { kind: 'later', waitMs: 0 }],
  [503, { 'Retry-After': 'soon' }, { kind: 'later' }],
  [304, {}, { kind: 'later' }],
])('%i %o is answered with %o', async (status, headers, answer) => {
  expect(await answerTo(status, headers)).toEqual(answer);
});

test('without an answer the outcome is later', async () => {
  const send = (): Promise<never> => Promise.reject(new TypeError('Failed to fetch'));
  expect(await post(send, '/analytics', '{}', new AbortController().signal, () => NOW)).toEqual({ kind: 'later' });
});
