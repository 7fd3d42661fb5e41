/**
 * The outboxes of this page, one per endpoint and kind of storage, shared by the app shell and all players.
 */
import { attempt, browserStorage, keysOf, type StorageKind } from './browser-storage.js';
import { createOutbox, type Outbox } from './outbox.js';
import { allowedStorage, type PrivacyOptions } from './privacy.js';

/** Where reports go by default: the site's own `POST /analytics`. */
export const DEFAULT_ENDPOINT = '/analytics';

const outboxes: Record<string, Outbox> = {};

/** The page's outbox for this endpoint whose reports wait there. */
export function pageOutbox(endpoint = DEFAULT_ENDPOINT, kind?: StorageKind): Outbox {
  return (outboxes[String(kind) + endpoint] ??= createOutbox({ endpoint, storage: browserStorage(kind) }));
}

/**
 * Delivers the reports that an earlier visit could not deliver, and retries those of this one.
 *
 * Call it in the app shell, on every page, so that a report does not wait until its viewer plays another video. Without
 * an endpoint it serves `/analytics` and every other to which this browser has reports to send. Returns a function that
 * undoes it. On a server, and where the viewer's browser asks for privacy and `respectPrivacySignals` is set, it does nothing.
 */
export function startOutbox(options: PrivacyOptions & { endpoint?: string | undefined } = {}): () => void {
  if (!(globalThis as Partial<typeof globalThis>).document) return () => undefined; // As in segmentio/analytics-next#968.
  const kind = allowedStorage(options);
  const endpoints = options.endpoint
    ? [options.endpoint]
    : [DEFAULT_ENDPOINT, ...keysOf(browserStorage(kind)).map(endpointOf)];
  const stops = Array.from(new Set(endpoints), (each) => pageOutbox(each, kind).start());
  return () => stops.forEach((stop) => stop());
}

/**
 * The endpoint of a stored report (report-store.ts); the default for other keys.
 *
 * Only pages of this origin can write its localStorage, so this is an endpoint that such a page was given. One that is
 * relative to its page (`analytics`) is left out, because here it would be another address.
 */
function endpointOf(key: string): string {
  const found = /^pulse:report:((?:%2F|https?%3A)[^:]*):/.exec(key);
  return attempt(() => decodeURIComponent((found as unknown as [string, string])[1])) ?? DEFAULT_ENDPOINT;
}
