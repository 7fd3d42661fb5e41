/**
 * The id of a viewer who is not logged in, which this browser keeps, or this visit of the page.
 */
import { attempt, browserStorage, type StorageKind } from './browser-storage.js';

const STORAGE_KEY = 'pulse:viewer';

/** The anonymous id of the viewer, which is kept there. */
export type ViewerId = (kind: StorageKind) => string;

/** Creates it. The id is made and stored when it is first asked for; if it cannot be stored, it lasts as long as the page. */
export function createViewerId(storageOf = browserStorage): ViewerId {
  const ids: Partial<Record<StorageKind, string>> = {};
  return (kind) => (ids[kind] ??= anonymousId(storageOf(kind)));
}

function anonymousId(storage: Storage | null): string {
  const kept = attempt(() => storage?.getItem(STORAGE_KEY));
  if (kept) return kept;
  // Plain http has no `randomUUID`, but every blob's URL ends with a UUID there, too (W3C File API, section 8.2).
  const made = (crypto as Partial<Crypto>).randomUUID?.() ?? URL.createObjectURL(new Blob()).slice(-36);
  attempt(() => storage?.setItem(STORAGE_KEY, made));
  return made;
}
