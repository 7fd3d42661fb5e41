/**
 * The viewer's id: the user if logged in, else an anonymous id that this browser keeps.
 */
import { browserStorage } from './browser-storage.js';

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

function keptId(storage: Storage | null, crypto: RandomSource): string {
  try {
    const kept = storage?.getItem(STORAGE_KEY);
    if (kept) return kept;
  } catch {
    // Storage that cannot be read cannot be written either, so the id lasts as long as the page.
  }
  const made = uuid(crypto);
  try {
    storage?.setItem(STORAGE_KEY, made);
  } catch {
    // Storage is full or blocked: the id lasts as long as the page.
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
