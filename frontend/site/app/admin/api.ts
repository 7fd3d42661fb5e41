/** The only module that knows the admin page's requests and the server's answers. */
import type { Day } from './days.js';
import { type Bounds, queryOf } from './view.js';

/** The counts of all enabled events, by name. */
export type EventCounts = Readonly<Partial<Record<string, number>>>;

/** A video in a ranking. */
export interface Place {
  rank: number;
  videoId: string;
  counts: EventCounts;
  /** One count per day, if the range has both ends and at most 92 days. */
  daily?: number[];
  /** Absent or null if the catalogue does not have it. */
  title?: string | null;
  pageUrl?: string | null;
}

/** `GET /admin/analytics/top` */
export interface Top {
  /** What it ranks by; `total`, and each `rank` and `daily`, are of this event. */
  event: string;
  total: number;
  videos: Place[];
  nextCursor: string | null;
}

/** The counts of a day. */
export interface DayCount {
  day: Day;
  counts: EventCounts;
}

/** How far viewers get: the enabled events in the order of their shares. */
export interface Funnel {
  milestones: Milestone[];
  /** null if it cannot be estimated. */
  estimatedShareWatched: number | null;
}

export interface Milestone {
  event: string;
  count: number;
  /** null, as is `dropOff`, if there is a `reason` against it. */
  shareOfFirst: number | null;
  /** The share of those at the milestone before who did not get here; null for the first. */
  dropOff: number | null;
  /** The first day on which the site has any of it. */
  recordedSince: Day | null;
  reason: null | 'exceedsEarlier' | 'notRecorded' | 'recordedLater';
}

/** `GET /admin/analytics/series` */
export interface Series {
  event: string;
  days: DayCount[];
  funnel: Funnel;
}

/** `GET /admin/analytics/videos/<videoId>` */
export interface VideoReport {
  videoId: string;
  /** What `total`, `rank` and the two days are of. */
  event: string;
  /** In the range. */
  counts: EventCounts;
  /** Of all time. */
  total: number;
  /** null if it is not among the first 10,000, or has none of this event. */
  rank: number | null;
  /** null if it has none of this event. */
  firstDay: Day | null;
  lastDay: Day | null;
  daily: DayCount[];
  funnel: Funnel;
  /** Absent or null if the catalogue does not have it. */
  catalogue?: CatalogueEntry | null;
}

/** What a video is, as its owner says. */
export interface CatalogueEntry {
  title: string | null;
  pageUrl: string | null;
  tags: string[];
}

/** `GET /admin/analytics/live` */
export interface Live {
  waiting: number;
  /** null if nothing waits. */
  oldestWaitingSeconds: number | null;
  /** How many of them no worker knows yet, by event. */
  unknownEvents: Record<string, number>;
  parked: number;
  /** Crossings that players did not report, because the viewer's browser asks for privacy: an estimate. */
  suppressed: number;
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
  /** Undefined: as the server chooses. */
  event: string | undefined;
  tag: string | undefined;
  /** How many places, if not as many as the server chooses. */
  limit?: number;
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
    top: ({ bounds, search, limit, ...others }: Ranking, signal: AbortSignal) => {
      const query = { ...bounds, q: search || undefined, limit: limit?.toString(), ...others };
      return get<Top>(`${REPORTS}/top${queryOf(query)}`, signal);
    },
    series: (bounds: Bounds, event: string | undefined, signal: AbortSignal) =>
      get<Series>(`${REPORTS}/series${queryOf({ ...bounds, event })}`, signal),
    video: (videoId: string, bounds: Bounds, event: string | undefined, signal: AbortSignal) =>
      get<VideoReport>(`${REPORTS}/videos/${encodeURIComponent(videoId)}${queryOf({ ...bounds, event })}`, signal),
    live: (signal: AbortSignal) => get<Live>(`${REPORTS}/live`, signal),
  };
}

/** The address of the counts of a range as a CSV file. */
export function exportHref(bounds: Bounds, search: string, tag: string | undefined): string {
  return `${REPORTS}/export.csv${queryOf({ ...bounds, q: search || undefined, tag })}`;
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
