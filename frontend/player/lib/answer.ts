/**
 * What the answers of `POST /analytics` mean for a report.
 */
import type { Reply } from './api.js';

/**
 * The outcome of sending a report.
 *
 * - `done`: it was accepted, now or before.
 * - `refused`: it will never be accepted; do not retry. `reason` is for the console.
 * - `later`: the outcome is unknown; send the same report again, after `waitMs` if the server gave a Retry-After.
 * - `foreign`: something else than our server answered, as `reason` says; send the same report again.
 */
export type Answer =
  | { kind: 'done' }
  | { kind: 'refused'; reason: string }
  | { kind: 'later'; waitMs?: number }
  | { kind: 'foreign'; reason: string };

/** Reads a reply; undefined if there was none. */
export function answerOf(reply: Reply | undefined, now: number): Answer {
  if (!reply) return { kind: 'later' };
  if (reply.accepted) return { kind: 'done' };
  const { status, body } = reply;
  if (status >= 500 || isBusy(reply)) return laterOf(reply, now);
  if (status >= 400 && isOurProblem(body)) return refusalOf(status, body);
  const type = reply.headers.get('Content-Type') ?? '';
  return { kind: 'foreign', reason: status === 0 ? 'a redirect' : `${status} ${type}` };
}

/** Whether the server can take no report at present: 408, 429, 503, or no reply at all. */
export function isBusy(reply: Reply | undefined): boolean {
  return !reply || [408, 429, 503].includes(reply.status);
}

/** Whether our server refused, or an unknown one (body undefined): a proxy's own page says nothing about the report. */
function isOurProblem(body: unknown): boolean {
  const { detail } = (body ?? {}) as { detail?: unknown };
  return body === undefined || typeof detail === 'string';
}

/** The refusal of a report, with what the server says about its fields (docs/api.md). */
export function refusalOf(status: number | string, body: unknown): Answer {
  const { errors, detail } = (body ?? {}) as { errors?: unknown; detail?: unknown };
  return { kind: 'refused', reason: `${status} ${JSON.stringify(errors ?? detail ?? null)}` };
}

function laterOf({ headers }: Reply, now: number): Answer {
  const waitMs = retryAfterMs(headers.get('Retry-After'), now);
  return waitMs === undefined ? { kind: 'later' } : { kind: 'later', waitMs };
}

/** Parses a Retry-After header, which holds seconds or a date. */
function retryAfterMs(header: string | null, now: number): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
