/**
 * The requests of `POST /analytics` and `POST /analytics/batch`; answer.ts and batch.ts know their answers.
 */
import type { Milestone } from './milestone.js';

/** The part of `fetch` that sending a report needs. Without `json`, the status alone says whether a report was accepted. */
export type Send = (
  url: string,
  init: RequestInit,
) => Promise<Pick<Response, 'status' | 'headers'> & Partial<Pick<Response, 'json'>>>;

/** A response that was read to its end. */
export interface Reply {
  status: number;
  headers: Headers;
  /** The JSON of the body: null if the body is something else, undefined if `send` does not give it. */
  body: unknown;
  /** Whether all reports were accepted, now or before. */
  accepted: boolean;
}

/** The body of a request: the same text on every retry, because it is the report's identity. */
export function encode(milestone: Milestone): string {
  return JSON.stringify(milestone, ['videoId', 'event', 'userId', 'ts']);
}

/** The URL of another request, beside that of `POST /analytics`. */
export function urlBeside(endpoint: string, name: 'batch' | 'suppressed'): string {
  return endpoint.replace(/\/?(\?|$)/, `/${name}$1`);
}

/**
 * Posts encoded reports, several as one batch.
 *
 * Calls `send` before it returns. Resolves to undefined if it fails, and never rejects.
 */
export async function post(
  send: Send,
  endpoint: string,
  bodies: readonly string[],
  signal: AbortSignal,
): Promise<Reply | undefined> {
  const isBatch = bodies.length > 1;
  const reports = bodies.join();
  try {
    const response = await send(isBatch ? urlBeside(endpoint, 'batch') : endpoint, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: isBatch ? `{"events":[${reports}]}` : reports,
      keepalive: true, // The page may be closing. `sendBeacon` cannot send JSON to another origin.
      redirect: 'manual', // Followed, it becomes a GET, and any page would seem to accept the report (matomo-org/matomo#13669).
      signal,
    });
    const { status, headers } = response;
    const json: unknown = await response.json?.().catch((error: unknown) => {
      if (error instanceof SyntaxError) return null;
      throw error; // The connection was cut, or the timeout is over.
    });
    return { status, headers, body: json, accepted: isAccepted(status, json, bodies.length) };
  } catch {
    return undefined;
  }
}

/** A page or a proxy may answer 200, too, but not with an event id for each of `size` reports. */
function isAccepted(status: number, body: unknown, size: number): boolean {
  if (status !== 200 && status !== 202) return false;
  if (body === undefined) return true;
  const answers = [(body as Partial<Record<string, unknown>> | null)?.['results'] ?? body].flat() as (Record<
    string,
    unknown
  > | null)[];
  const isReport = answers.every(
    (answer) => typeof answer?.['status'] === 'string' && typeof answer['eventId'] === 'string',
  );
  return isReport && answers.length === size;
}
