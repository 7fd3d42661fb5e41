/**
 * The requests of `POST /analytics`; answer.ts knows its answers.
 */
import type { Milestone } from './milestone.js';

/** The part of a response that shows the outcome of sending a report. */
export type Reply = Pick<Response, 'status' | 'headers'>;

/** The part of `fetch` that sending a report needs. */
export type Send = (url: string, init: RequestInit) => Promise<Reply>;

/** The body of a request: the same text on every retry, because it is the report's identity. */
export function encode({ videoId, event, userId, ts }: Milestone): string {
  return JSON.stringify({ videoId, event, userId, ts });
}

/** Posts one encoded report. Calls `send` before it returns. Resolves to undefined if it fails, and never rejects. */
export async function post(send: Send, url: string, body: string, signal: AbortSignal): Promise<Reply | undefined> {
  try {
    return await send(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
      keepalive: true, // The page may be closing. `sendBeacon` cannot send JSON to another origin.
      signal,
    });
  } catch {
    return undefined;
  }
}

/** Whether a report was accepted, now or before. */
export function isAccepted(reply: Reply | undefined): boolean {
  return reply !== undefined && reply.status >= 200 && reply.status < 300;
}
