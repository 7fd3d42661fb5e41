/**
 * The requests of `POST /analytics`; answer.ts knows its answers.
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
  /** Whether the report was accepted, now or before. */
  accepted: boolean;
}

/** The body of a request: the same text on every retry, because it is the report's identity. */
export function encode({ videoId, event, userId, ts }: Milestone): string {
  return JSON.stringify({ videoId, event, userId, ts });
}

/** Posts encoded reports. Calls `send` before it returns. Resolves to undefined if it fails, and never rejects. */
export async function post(send: Send, url: string, body: string, signal: AbortSignal): Promise<Reply | undefined> {
  try {
    const response = await send(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
      keepalive: true, // The page may be closing. `sendBeacon` cannot send JSON to another origin.
      redirect: 'manual', // Followed, it becomes a GET, and any page would seem to accept the report (matomo-org/matomo#13669).
      signal,
    });
    const { status, headers } = response;
    const json: unknown = await response.json?.().catch(nullIfNotJson);
    return { status, headers, body: json, accepted: isAccepted(status, json) };
  } catch {
    return undefined;
  }
}

/** A page or a proxy may answer 200, too, but not with an event id. */
function isAccepted(status: number, body: unknown): boolean {
  if (status !== 200 && status !== 202) return false;
  if (body === undefined) return true;
  const answer = (body ?? {}) as Record<string, unknown>;
  return typeof answer['status'] === 'string' && typeof answer['eventId'] === 'string';
}

function nullIfNotJson(error: unknown): null {
  if (error instanceof SyntaxError) return null;
  throw error; // The connection was cut, or the timeout is over.
}
