import { afterEach, expect, test, vi } from 'vitest';
import { startOutbox } from '../lib/page-outbox.js';
import '../lib/redelivery.js'; // So that the outbox finds it loaded.

const fetched: string[] = [];

function leave(endpoint: string): void {
  localStorage.setItem(`pulse:report:${endpoint}:000000000000001:x`, '{"videoId":"intro"}');
}

async function urlsOf(start: () => () => void): Promise<string[]> {
  vi.stubGlobal('fetch', (url: string) => {
    fetched.push(url);
    return Promise.resolve(new Response('{"status":"queued","eventId":"1"}', { status: 202 }));
  });
  const stop = start();
  await vi.waitFor(() => {
    expect(Object.keys(localStorage).filter((key) => key.includes('%2Fanalytics:'))).toEqual([]);
  });
  stop();
  return fetched.splice(0).sort();
}

afterEach(() => {
  localStorage.clear();
  vi.unstubAllGlobals();
});

test('without an endpoint, what waits for any endpoint of this origin is sent', async () => {
  leave('%2Fanalytics');
  leave('https%3A%2F%2Fapi.example%2Fanalytics');
  expect(await urlsOf(() => startOutbox())).toEqual(['/analytics', 'https://api.example/analytics']);
});

test('with an endpoint, only what waits for it is sent', async () => {
  leave('https%3A%2F%2Fother.example%2Fcollect');
  leave('https%3A%2F%2Fapi.example%2Fanalytics');
  expect(await urlsOf(() => startOutbox({ endpoint: 'https://api.example/analytics' }))).toEqual([
    'https://api.example/analytics',
  ]);
});

test.each(['analytics', 'javascript%3Aalert(1)', '%E0%A4%A', ''])('nothing is sent to the endpoint %o', async (key) => {
  leave('%2Fanalytics');
  leave(key);
  expect(await urlsOf(() => startOutbox())).toEqual(['/analytics']);
});
