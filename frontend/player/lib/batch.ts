/**
 * `POST /analytics/batch`: how many reports fit into one request (api.ts), and its answer for each.
 */
import { refusalOf, type Answer } from './answer.js';
import type { Reply } from './api.js';

/** The server's limit. */
export const MAX_EVENTS = 500;

/**
 * Browsers allow 64 KiB for all requests with `keepalive` together; the rest is for new reports meanwhile.
 *
 * 48 KiB with what stands around the reports.
 */
const MAX_BYTES = 48 * 1024 - '{"events":[]}'.length;

/** How many of the encoded reports, from the first, fit into one batch; at least one. */
export function sizeThatFits(bodies: string[]): number {
  let size = bodies.length;
  while (size > 1 && new TextEncoder().encode(bodies.slice(0, size).join()).length > MAX_BYTES) size -= 1;
  return size;
}

/** The answer for each report of a batch, or undefined if the server did not take it as a batch. */
export function resultsOf(reply: Reply | undefined, size: number): Answer[] | undefined {
  const { results } = (reply?.body ?? {}) as { results?: unknown };
  if (reply?.status !== 202 || !Array.isArray(results) || results.length !== size) return undefined;
  const answers = results.map(answerOfResult);
  return answers.every((answer) => answer !== undefined) ? answers : undefined;
}

function answerOfResult(result: unknown): Answer | undefined {
  const { status, eventId } = (result ?? {}) as Record<string, unknown>;
  if (status === 'invalid') return refusalOf(status, result);
  return typeof status === 'string' && typeof eventId === 'string' ? { kind: 'done' } : undefined;
}
