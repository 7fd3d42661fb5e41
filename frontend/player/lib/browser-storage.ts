/**
 * The browser's localStorage, which may be missing, full or blocked.
 */

/** Where things are kept: in localStorage, or only in memory. */
export type StorageKind = 'local' | 'none';

/**
 * The browser's localStorage if it is asked for. Null if not, if there is none, or if it is blocked, in which case reading the
 * property throws.
 */
export function browserStorage(kind: StorageKind | undefined): Storage | null {
  return attempt(() => (kind === 'local' ? globalThis.localStorage : null)) ?? null;
}

/** The keys of a storage; none if there is none or it is blocked, because both throw. */
export function keysOf(storage: unknown): string[] {
  return attempt(() => Object.keys(storage as object)) ?? [];
}

/** The result of `work`, or undefined if it throws because storage is full or blocked. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
