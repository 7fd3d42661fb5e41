/**
 * The outboxes of this page, one per endpoint, shared by the app shell and all players.
 */
import { attempt, browserStorage, keysOf } from './browser-storage.js';
import { createOutbox, type Outbox } from './outbox.js';

/** Where reports go by default: the site's own `POST /analytics`. */
export const DEFAULT_ENDPOINT = '/analytics';

const outboxes = new Map<string, Outbox>();

/** The page's outbox for this endpoint. */
export function pageOutbox(endpoint: string = DEFAULT_ENDPOINT): Outbox {
  const outbox = outboxes.get(endpoint) ?? createOutbox({ endpoint });
  outboxes.set(endpoint, outbox);
  return outbox;
}

/**
 * Delivers the reports that an earlier visit could not deliver, and retries those of this one.
 *
 * Call it in the app shell, on every page, so that a report does not wait until its viewer plays another video. Without
 * an endpoint it serves `/analytics` and every other to which this browser has reports to send. Returns a function that
 * undoes it. On a server it does nothing.
 */
export function startOutbox({ endpoint }: { endpoint?: string | undefined } = {}): () => void {
  if (typeof document === 'undefined') return () => undefined; // As in segmentio/analytics-next#968.
  const endpoints = endpoint ? [endpoint] : [DEFAULT_ENDPOINT, ...keysOf(browserStorage()).map(endpointOf)];
  const stops = Array.from(new Set(endpoints), (each) => pageOutbox(each).start());
  return () => stops.forEach((stop) => stop());
}

/**
 * The endpoint of a stored report (report-store.ts); the default for other keys.
 *
 * Only pages of this origin can write its localStorage, so this is an endpoint that such a page was given. One that is
 * relative to its page (`analytics`) is left out, because here it would be another address.
 */
function endpointOf(key: string): string {
  const [, encoded = DEFAULT_ENDPOINT] = /^pulse:report:((?:%2F|https?%3A)[^:]*):/.exec(key) ?? [];
  return attempt(() => decodeURIComponent(encoded)) ?? DEFAULT_ENDPOINT;
}
