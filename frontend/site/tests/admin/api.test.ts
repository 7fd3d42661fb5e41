import { describe, expect, test, vi } from 'vitest';

import { both, createApi, exportHref } from '../../app/admin/api.js';
import { afterAnswer } from '../../app/admin/remote.js';

const signal = new AbortController().signal;
const bounds = { since: '2026-11-01', until: '2026-11-08' };

function answering(status: number, body: unknown, headers: Record<string, string> = {}) {
  return vi.fn<(path: string, init: RequestInit) => Promise<Response>>(() =>
    Promise.resolve(new Response(status === 204 ? null : JSON.stringify(body), { status, headers })),
  );
}

function problem(status: number, headers = {}) {
  const body = { status, detail: 'What is wrong.' };
  return createApi(answering(status, body, { 'Content-Type': 'application/problem+json', ...headers })).live(signal);
}

describe('a request', () => {
  test('leaves out undefined parameters', async () => {
    const send = answering(200, {});
    const api = createApi(send);
    const open = { since: undefined, until: undefined };
    await api.top({ bounds: open, search: '', cursor: undefined, event: undefined, tag: undefined }, signal);
    await api.top({ bounds, search: 'a&b', cursor: 'W=', event: 'video_started', tag: 'é' }, signal);
    await api.video('a/b?#%', bounds, undefined, signal);
    await api.series(open, 'video_started', signal);
    expect(send.mock.calls.map(([path]) => path)).toEqual([
      '/admin/analytics/top',
      '/admin/analytics/top?since=2026-11-01&until=2026-11-08&q=a%26b&cursor=W%3D&event=video_started&tag=%C3%A9',
      '/admin/analytics/videos/a%2Fb%3F%23%25?since=2026-11-01&until=2026-11-08',
      '/admin/analytics/series?event=video_started',
    ]);
    expect(exportHref(bounds, '', undefined)).toBe('/admin/analytics/export.csv?since=2026-11-01&until=2026-11-08');
    expect(exportHref(open, 'a', 'sea')).toBe('/admin/analytics/export.csv?q=a&tag=sea');
  });

  test('that changes something sends the CSRF token', async () => {
    const send = answering(204, undefined);
    expect(await createApi(send).signOut('t0')).toEqual({ kind: 'ok', data: undefined });
    expect(send.mock.calls[0]?.[1]).toMatchObject({ method: 'DELETE', headers: { 'X-CSRF-Token': 't0' } });
  });
});

describe('an answer', () => {
  test('holds the data', async () => {
    expect(await createApi(answering(200, { waiting: 3 })).live(signal)).toEqual({ kind: 'ok', data: { waiting: 3 } });
  });

  test('holds the problem, by what can be done about it', async () => {
    expect(await problem(401)).toEqual({ kind: 'signed-out' });
    expect(await problem(403)).toEqual({ kind: 'forbidden' });
    expect(await problem(404)).toEqual({ kind: 'not-found' });
    expect(await problem(429, { 'Retry-After': '42' })).toEqual({ kind: 'slow-down', seconds: 42 });
    expect(await problem(400)).toEqual({ kind: 'refused', detail: 'What is wrong.' });
    expect(await problem(503)).toEqual({ kind: 'unavailable', detail: 'What is wrong.' });
  });

  test('from a proxy that cannot reach the server is no-answer', async () => {
    const send = () =>
      Promise.resolve(new Response('<html>', { status: 503, headers: { 'Content-Type': 'text/html' } }));
    expect(await createApi(send).live(signal)).toEqual({ kind: 'no-answer' });
  });

  test('that never comes is no-answer', async () => {
    expect(await createApi(() => Promise.reject(new TypeError('refused'))).live(signal)).toEqual({ kind: 'no-answer' });
  });

  test('to two requests is the first problem, or both data', async () => {
    const good = Promise.resolve({ kind: 'ok', data: 1 } as const);
    const bad = Promise.resolve({ kind: 'no-answer' } as const);
    expect(await both(good, good)).toEqual({ kind: 'ok', data: [1, 1] });
    expect(await both(good, bad)).toEqual({ kind: 'no-answer' });
    expect(await both(bad, good)).toEqual({ kind: 'no-answer' });
  });
});

describe('remote data', () => {
  const problem = { kind: 'no-answer' } as const;
  const ready = afterAnswer<number>({ state: 'loading' }, { kind: 'ok', data: 7 }, 100);

  test('is kept, with its age, while newer data is unavailable', () => {
    expect(ready).toEqual({ state: 'ready', data: 7, at: 100 });
    const stale = afterAnswer(ready, problem, 200);
    expect(stale).toEqual({ state: 'stale', data: 7, at: 100, problem });
    expect(afterAnswer(stale, problem, 300)).toEqual(stale);
    expect(afterAnswer(stale, { kind: 'ok', data: 8 }, 400)).toEqual({ state: 'ready', data: 8, at: 400 });
  });

  test('is absent before the first answer, and after a 404', () => {
    expect(afterAnswer({ state: 'loading' }, problem, 100)).toEqual({ state: 'failed', problem });
    expect(afterAnswer(ready, { kind: 'not-found' }, 100)).toEqual({ state: 'failed', problem: { kind: 'not-found' } });
  });
});
