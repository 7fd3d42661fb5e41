/**
 * The wire: the one module that knows how `POST /analytics` is asked and what it answers.
 */
import type { Milestone } from './milestone.js';

/** The part of `fetch` that a report needs. */
export type Send = (url: string, init: RequestInit) => Promise<Pick<Response, 'status' | 'headers'>>;

/**
 * What became of a report.
 *
 * - `done`: it counts, or it counted before.
 * - `refused`: it never will be accepted as it is.
 * - `later`: nobody knows; send the same report again, after `waitMs` where the server said how long.
 */
export type Answer = { kind: 'done' } | { kind: 'refused' } | { kind: 'later'; waitMs?: number };

/** What the server is sent: the same text on every retry, because it makes the report's identity. */
export function encode({ videoId, event, userId, ts }: Milestone): string {
  return JSON.stringify({ videoId, event, userId, ts });
}

/** Posts one encoded report. Calls `send` before it returns, and never rejects. */
export async function post(
  send: Send,
  url: string,
  body: string,
  signal: AbortSignal,
  now: () => number,
): Promise<Answer> {
  try {
    const { status, headers } = await send(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
      keepalive: true, // The page may be closing. A beacon could not carry JSON to another origin.
      signal,
    });
    return answerOf(status, retryAfterMs(headers.get('Retry-After'), now()));
  } catch {
    return { kind: 'later' };
  }
}

function answerOf(status: number, waitMs: number | undefined): Answer {
  if (status >= 200 && status < 300) return { kind: 'done' };
  const mayPass = status === 408 || status === 429;
  if (status >= 400 && status < 500 && !mayPass) return { kind: 'refused' };
  return waitMs === undefined ? { kind: 'later' } : { kind: 'later', waitMs };
}

/** Reads a Retry-After header, which holds seconds or a date. */
function retryAfterMs(header: string | null, now: number): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
