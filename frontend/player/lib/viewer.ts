/**
 * The viewer's id: the user if logged in, else an anonymous id that this browser keeps.
 */
import { attempt, browserStorage } from './browser-storage.js';

const STORAGE_KEY = 'pulse:viewer';

/** What a viewer needs from the browser. */
export interface ViewerWorld {
  /** Where the anonymous id is kept; null for nowhere, so that it lasts as long as the page. */
  storage?: Storage | null;
}

/** The viewer in this browser. */
export interface Viewer {
  /** The given id if there is one, else the anonymous id of this browser. */
  id(userId?: string | null): string;
}

/** Creates a viewer. The anonymous id is created and stored at its first use; if that fails, it lasts as long as the page. */
export function createViewer({ storage = browserStorage() }: ViewerWorld = {}): Viewer {
  let kept: string | null | undefined;
  return {
    id(userId) {
      if (userId) return userId;
      kept ??= attempt(() => storage?.getItem(STORAGE_KEY));
      if (kept) return kept;
      const made = (kept = uuid());
      attempt(() => storage?.setItem(STORAGE_KEY, made));
      return made;
    },
  };
}

/** A random UUID. Plain http has no `randomUUID`, but every blob's URL ends with one there, too (W3C File API, section 8.2). */
function uuid(): string {
  return (crypto as Partial<Crypto>).randomUUID?.() ?? URL.createObjectURL(new Blob()).slice(-36);
}
