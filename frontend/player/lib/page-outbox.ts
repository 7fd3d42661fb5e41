/**
 * The outboxes of this page, one for each endpoint: shared by the app shell and all players.
 */
import { createOutbox, type Outbox } from './outbox.js';

/** Where reports go unless somebody says otherwise: the site's own `POST /analytics`. */
export const DEFAULT_ENDPOINT = '/analytics';

const outboxes = new Map<string, Outbox>();

/** The page's outbox for this endpoint. */
export function pageOutbox(endpoint: string = DEFAULT_ENDPOINT): Outbox {
  const outbox = outboxes.get(endpoint) ?? createOutbox({ endpoint });
  outboxes.set(endpoint, outbox);
  return outbox;
}

/**
 * Delivers what an earlier visit could not, and what this one cannot at once.
 *
 * For the app shell, on every page: a report must not wait until its viewer plays a video again. Returns what undoes it.
 */
export function startOutbox({ endpoint }: { endpoint?: string | undefined } = {}): () => void {
  return pageOutbox(endpoint).start();
}
