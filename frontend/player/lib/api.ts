/**
 * The only module that knows the requests and answers of `POST /analytics`.
 */
import type { Milestone } from './milestone.js';

/** The part of `fetch` that sending a report needs. */
export type Send = (url: string, init: RequestInit) => Promise<Pick<Response, 'status' | 'headers'>>;

/**
 * The outcome of sending a report.
 *
 * - `done`: it was accepted, now or before.
 * - `refused`: it will never be accepted; do not retry.
 * - `later`: the outcome is unknown; send the same report again, after `waitMs` if the server gave a Retry-After.
 */
export type Answer = { kind: 'done' } | { kind: 'refused' } | { kind: 'later'; waitMs?: number };

/** The body of a request: the same text on every retry, because it is the report's identity. */
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
      keepalive: true, // The page may be closing. `sendBeacon` cannot send JSON to another origin.
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

/** Parses a Retry-After header, which holds seconds or a date. */
function retryAfterMs(header: string | null, now: number): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
