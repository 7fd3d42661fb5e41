/**
 * The outboxes of this page, one per endpoint, shared by the app shell and all players.
 */
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
 * Call it in the app shell, on every page, so that a report does not wait until its viewer plays another video. Returns
 * a function that undoes it. On a server it does nothing.
 */
export function startOutbox({ endpoint }: { endpoint?: string | undefined } = {}): () => void {
  if (typeof document === 'undefined') return () => undefined; // As in segmentio/analytics-next#968.
  return pageOutbox(endpoint).start();
}
