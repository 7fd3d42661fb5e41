/** The only module that knows the admin page's requests and the server's answers. */
import type { Day } from './days.js';
import { type Bounds, queryOf } from './view.js';

/** A video in a ranking. */
export interface Place {
  rank: number;
  videoId: string;
  watched50Count: number;
  /** One count per day, if the range has both ends and at most 92 days. */
  daily?: number[];
}

/** `GET /admin/analytics/top` */
export interface Top {
  total: number;
  videos: Place[];
  nextCursor: string | null;
}

/** The number of views on a day. */
export interface DayCount {
  day: Day;
  watched50Count: number;
}

/** `GET /admin/analytics/series` */
export interface Series {
  days: DayCount[];
}

/** `GET /admin/analytics/videos/<videoId>` */
export interface VideoReport {
  videoId: string;
  watched50Count: number;
  total: number;
  /** null if it is not among the first 10,000. */
  rank: number | null;
  firstDay: Day;
  lastDay: Day;
  daily: DayCount[];
}

/** `GET /admin/analytics/live` */
export interface Live {
  waiting: number;
  /** null if nothing waits. */
  oldestWaitingSeconds: number | null;
  parked: number;
  /** Events counted in each of the last 60 minutes; the last one is the current minute. */
  perMinute: number[];
}

/** `GET /admin/session` */
export interface Session {
  signedIn: boolean;
  csrfToken: string;
}

/** Why a request failed, by what can be done about it. */
export type Problem =
  | { kind: 'signed-out' }
  | { kind: 'forbidden' }
  | { kind: 'not-found' }
  | { kind: 'slow-down'; seconds: number }
  | { kind: 'refused'; detail: string }
  | { kind: 'unavailable'; detail: string }
  | { kind: 'no-answer' };

export type Answer<T> = { kind: 'ok'; data: T } | Problem;

/** The admin page's requests. They never reject; a request that takes longer than LIMIT_MS is 'no-answer'. */
export type Api = ReturnType<typeof createApi>;

export interface Ranking {
  bounds: Bounds;
  search: string;
  cursor: string | undefined;
}

type Send = (path: string, init: RequestInit) => Promise<Response>;

const LIMIT_MS = 10_000;
const SESSION = '/admin/session';
const REPORTS = '/admin/analytics';

export function createApi(send: Send = (path, init) => fetch(path, init)) {
  const get = <T>(path: string, signal?: AbortSignal): Promise<Answer<T>> => ask(send, path, {}, signal);
  return {
    session: () => get<Session>(SESSION),
    signIn: (token: string, csrfToken: string): Promise<Answer<Session>> =>
      ask(send, SESSION, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrfToken },
        body: JSON.stringify({ token }),
      }),
    signOut: (csrfToken: string): Promise<Answer<undefined>> =>
      ask(send, SESSION, { method: 'DELETE', headers: { 'X-CSRF-Token': csrfToken } }),
    top: ({ bounds, search, cursor }: Ranking, signal: AbortSignal) =>
      get<Top>(`${REPORTS}/top${queryOf({ ...bounds, q: search || undefined, cursor })}`, signal),
    series: (bounds: Bounds, signal: AbortSignal) => get<Series>(`${REPORTS}/series${queryOf({ ...bounds })}`, signal),
    video: (videoId: string, bounds: Bounds, signal: AbortSignal) =>
      get<VideoReport>(`${REPORTS}/videos/${encodeURIComponent(videoId)}${queryOf({ ...bounds })}`, signal),
    live: (signal: AbortSignal) => get<Live>(`${REPORTS}/live`, signal),
  };
}

/** The address of the counts of a range as a CSV file. */
export function exportHref(bounds: Bounds, search: string): string {
  return `${REPORTS}/export.csv${queryOf({ ...bounds, q: search || undefined })}`;
}

/** Both answers as one, or the first problem. */
export async function both<A, B>(first: Promise<Answer<A>>, second: Promise<Answer<B>>): Promise<Answer<[A, B]>> {
  const [a, b] = await Promise.all([first, second]);
  if (a.kind !== 'ok') return a;
  return b.kind === 'ok' ? { kind: 'ok', data: [a.data, b.data] } : b;
}

async function ask<T>(send: Send, path: string, init: RequestInit, signal?: AbortSignal): Promise<Answer<T>> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  try {
    const answer = await send(path, { ...init, signal: signal ? AbortSignal.any([signal, limit]) : limit });
    if (!answer.ok) return await problemOf(answer);
    return { kind: 'ok', data: (answer.status === 204 ? undefined : await answer.json()) as T };
  } catch {
    return { kind: 'no-answer' };
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  // An error that is not problem+json comes from a proxy that cannot reach the server.
  if (!answer.headers.get('Content-Type')?.startsWith('application/problem+json')) return { kind: 'no-answer' };
  const { detail } = (await answer.json()) as { detail: string };
  switch (answer.status) {
    case 401:
      return { kind: 'signed-out' };
    case 403:
      return { kind: 'forbidden' };
    case 404:
      return { kind: 'not-found' };
    case 429:
      return { kind: 'slow-down', seconds: Number(answer.headers.get('Retry-After')) };
    case 503:
      return { kind: 'unavailable', detail };
    default:
      return { kind: 'refused', detail };
  }
}
