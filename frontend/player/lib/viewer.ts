/**
 * The viewer's id: the user if logged in, else an anonymous id that this browser keeps.
 */
import { attempt, browserStorage } from './browser-storage.js';

const STORAGE_KEY = 'pulse:viewer';

/** The part of `crypto` that creates a viewer's id. Plain http has no `randomUUID`. */
export interface RandomSource {
  randomUUID?: (() => string) | undefined;
  getRandomValues(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
}

/** What a viewer needs from the browser. */
export interface ViewerWorld {
  /** Where the anonymous id is kept; null for nowhere, so that it lasts as long as the page. */
  storage?: Storage | null;
  crypto?: RandomSource;
}

/** The viewer in this browser. */
export interface Viewer {
  /** The given id if there is one, else the anonymous id of this browser. */
  id(userId?: string | null): string;
}

/** Creates a viewer. The anonymous id is created and stored at its first use. */
export function createViewer({ storage = browserStorage(), crypto = globalThis.crypto }: ViewerWorld = {}): Viewer {
  let anonymousId: string | undefined;
  return {
    id(userId) {
      if (userId) return userId;
      anonymousId ??= keptId(storage, crypto);
      return anonymousId;
    },
  };
}

/** If storage is full or blocked, the id lasts as long as the page. */
function keptId(storage: Storage | null, crypto: RandomSource): string {
  const kept = attempt(() => storage?.getItem(STORAGE_KEY));
  if (kept) return kept;
  const made = uuid(crypto);
  attempt(() => storage?.setItem(STORAGE_KEY, made));
  return made;
}

function uuid(crypto: RandomSource): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(36));
  // Version 4, and the variant of RFC 9562.
  return '........-....-4...-8...-............'.replace(/\./g, (_dot, at: number) =>
    ((bytes[at] ?? 0) & 15).toString(16),
  );
}
