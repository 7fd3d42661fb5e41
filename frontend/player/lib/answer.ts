/**
 * What the answers of `POST /analytics` mean for a report.
 */
import type { Reply } from './api.js';

/**
 * The outcome of sending a report.
 *
 * - `done`: it was accepted, now or before.
 * - `refused`: it will never be accepted; do not retry.
 * - `later`: the outcome is unknown; send the same report again, after `waitMs` if the server gave a Retry-After.
 */
export type Answer = { kind: 'done' } | { kind: 'refused' } | { kind: 'later'; waitMs?: number };

/** Reads a reply; undefined if there was none. */
export function answerOf(reply: Reply | undefined, now: number): Answer {
  if (!reply) return { kind: 'later' };
  const { status, headers } = reply;
  if (status >= 200 && status < 300) return { kind: 'done' };
  const mayPass = status === 408 || status === 429;
  if (status >= 400 && status < 500 && !mayPass) return { kind: 'refused' };
  const waitMs = retryAfterMs(headers.get('Retry-After'), now);
  return waitMs === undefined ? { kind: 'later' } : { kind: 'later', waitMs };
}

/** Parses a Retry-After header, which holds seconds or a date. */
function retryAfterMs(header: string | null, now: number): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
