/**
 * Who watches: the user if logged in, else an anonymous id that this browser keeps.
 */
import { browserStorage } from './browser-storage.js';

const STORAGE_KEY = 'pulse:viewer';

/** The part of `crypto` that a viewer's id is made of. On plain http there is no `randomUUID`. */
export interface RandomSource {
  randomUUID?: (() => string) | undefined;
  getRandomValues(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
}

/** What a viewer needs of the browser. */
export interface ViewerWorld {
  /** Where the anonymous id is kept; null: nowhere, so that it lasts as long as the page. */
  storage?: Storage | null;
  crypto?: RandomSource;
}

/** Whoever watches in this browser. */
export interface Viewer {
  /** The given id if there is one, else the anonymous id of this browser. */
  id(userId?: string | null): string;
}

/** Makes a viewer. The anonymous id is made, and kept, when it is first asked for. */
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

function keptId(storage: Storage | null, crypto: RandomSource): string {
  try {
    const kept = storage?.getItem(STORAGE_KEY);
    if (kept) return kept;
  } catch {
    // A storage that may not be read may not be written either: the id then lasts as long as the page.
  }
  const made = uuid(crypto);
  try {
    storage?.setItem(STORAGE_KEY, made);
  } catch {
    // Full or forbidden: as above.
  }
  return made;
}

function uuid(crypto: RandomSource): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte, index) => {
    if (index === 6) return (byte & 0x0f) | 0x40; // version 4
    return index === 8 ? (byte & 0x3f) | 0x80 : byte; // the variant of RFC 9562
  });
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
