import { expect, test } from 'vitest';
import { encode, post } from '../lib/api.js';

test('a report has the field names of the API and no other fields', () => {
  const milestone = { videoId: 'v', event: 'watched_50_percent', userId: 'u', ts: 1, secret: 'no' } as const;
  expect(encode(milestone)).toBe('{"videoId":"v","event":"watched_50_percent","userId":"u","ts":1}');
});

test('a request that fails has no reply', async () => {
  const send = (): Promise<never> => Promise.reject(new TypeError('Failed to fetch'));
  expect(await post(send, '/analytics', '{}', new AbortController().signal)).toBeUndefined();
});
